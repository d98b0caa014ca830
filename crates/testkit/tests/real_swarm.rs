// SPDX-License-Identifier: Apache-2.0
//! Docker swarm mode on real nodes: a replicated service over an overlay network, a drained node, resize.

use anyhow::{Context, Result, ensure};
use magnum_testkit::{Server, dist_dir, wait};
use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

fn docker(server: &Server, args: &[&str]) -> Result<String> {
    let argv: Vec<&str> = ["docker"].into_iter().chain(args.iter().copied()).collect();
    server.exec_ok("s1", "master-0", &argv)
}

/// Nodes on which the service's tasks run.
fn running_on(server: &Server, service: &str) -> Result<Vec<String>> {
    let text = docker(server, &["service", "ps", service, "--filter", "desired-state=running", "--format", "{{.Node}} {{.CurrentState}}"])?;
    Ok(text.lines().filter(|l| l.contains("Running")).filter_map(|l| l.split(' ').next()).map(str::to_owned).collect())
}

#[test]
fn a_swarm_runs_a_replicated_service_over_an_overlay_and_drains() -> Result<()> {
    let server = Server::start(&dist_dir()?)?;
    server.ok(["cluster-template", "create", "swarm", "--coe", "swarm"])?;
    server.ok(["cluster", "create", "s1", "--cluster-template", "swarm", "--node-count", "2", "--watch"])?;
    let nodes = docker(&server, &["node", "ls", "--format", "{{.Hostname}} {{.Status}} {{.ManagerStatus}}"])?;
    ensure!(nodes.lines().filter(|l| l.contains("Ready")).count() == 3 && nodes.contains("Leader"), "{nodes}");

    docker(&server, &["network", "create", "-d", "overlay", "--attachable", "ov1"])?;
    let serve = "mkdir -p /www; hostname > /www/index.html; exec httpd -f -p 80 -h /www";
    docker(
        &server,
        &[
            "service",
            "create",
            "-d",
            "--no-resolve-image",
            "--name",
            "web",
            "--replicas",
            "3",
            "--network",
            "ov1",
            "--endpoint-mode",
            "dnsrr",
            "busybox:1.35",
            "sh",
            "-c",
            serve,
        ],
    )?;
    wait(Duration::from_secs(60), "three tasks run on three nodes", || {
        let on: BTreeSet<String> = running_on(&server, "web")?.into_iter().collect();
        Ok((on.len() == 3).then_some(()))
    })?;
    let container = docker(&server, &["ps", "-q", "--filter", "name=web"])?;
    let container = container.lines().next().context("a container of the service on the manager")?.to_owned();
    let found = docker(&server, &["exec", &container, "nslookup", "web", "127.0.0.11"])?;
    let addresses: BTreeSet<&str> = found.split_whitespace().filter(|w| w.starts_with("10.") && !w.contains(':')).collect();
    ensure!(addresses.len() == 3, "the name has three addresses: {found}");
    for address in addresses {
        docker(&server, &["exec", &container, "ping", "-c", "1", "-W", "2", address])?;
    }

    docker(&server, &["node", "update", "--availability", "drain", "node-1"])?;
    wait(Duration::from_secs(60), "the drained node's task moved", || {
        let on = running_on(&server, "web")?;
        Ok((on.len() == 3 && !on.contains(&"node-1".to_owned())).then_some(()))
    })?;
    client_over_tls(&server)?;

    server.ok(["cluster", "resize", "s1", "3", "--watch"])?;
    ensure!(docker(&server, &["node", "ls", "--format", "{{.Hostname}}"])?.lines().count() == 4, "a node joined");
    server.ok(["cluster", "resize", "s1", "1", "--watch"])?;
    let left = docker(&server, &["node", "ls", "--format", "{{.Hostname}}"])?;
    ensure!(left.lines().count() == 2, "removed nodes are not listed: {left}");
    server.ok(["cluster", "delete", "s1", "--watch"]).map(|_| ())
}

/// The Docker API answers a client of this machine with the certificates of `cluster config`, and nobody without.
fn client_over_tls(server: &Server) -> Result<()> {
    let dir = server.state().join("swarm-config");
    std::fs::create_dir_all(&dir)?;
    server.ok(["cluster", "config", "s1", "--dir", &dir.to_string_lossy(), "--force"])?;
    let address = server.json(["cluster", "show", "s1"])?["api_address"].as_str().unwrap_or_default().replace("tcp://", "https://");
    let file = |name: &str| dir.join(name).to_string_lossy().into_owned();
    let url = format!("{address}/info");
    let curl = |extra: &[&str]| -> Result<std::process::Output> {
        Ok(Command::new("curl").args(["-sS", "-m", "5", "--cacert", &file("ca.pem")]).args(extra).arg(&url).output()?)
    };
    let with = curl(&["--cert", &file("cert.pem"), "--key", &file("key.pem")])?;
    ensure!(String::from_utf8_lossy(&with.stdout).contains("\"Swarm\""), "{with:?}");
    let without = curl(&[])?;
    ensure!(!without.status.success(), "the Docker API let a client without certificate in");
    Ok(())
}
