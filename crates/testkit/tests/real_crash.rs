// SPDX-License-Identifier: Apache-2.0
//! kill -9 at many moments: whatever is cut off, the cluster ends where it was asked to be and nothing is orphaned.

use anyhow::{Result, bail, ensure};
use magnum_testkit::{Server, dist_dir, leftovers, wait};
use std::time::{Duration, Instant};

/// Waits until the cluster's status ends an action; answers it.
fn settled(server: &Server, name: &str) -> Result<String> {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let cluster = server.json(["cluster", "show", name])?;
        let status = cluster["status"].as_str().unwrap_or_default().to_owned();
        if !status.ends_with("_IN_PROGRESS") {
            ensure!(!status.ends_with("_FAILED"), "{status}: {}", cluster["status_reason"]);
            return Ok(status);
        }
        if Instant::now() > deadline {
            bail!("still {status}: {}", cluster["status_reason"]);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The moments: dense where the engine works, sparser while nodes boot.
fn moments(full: bool) -> Vec<u64> {
    let few = vec![0, 30, 80, 150, 250, 400, 600, 900, 1300, 2000];
    if full { few.into_iter().flat_map(|m| [m, m + 15, m + 40]).collect() } else { few }
}

fn full() -> bool {
    std::env::var_os("MAGNUM_TEST_FULL").is_some()
}

#[test]
fn a_server_killed_during_create_resize_or_delete_finishes_after_its_restart() -> Result<()> {
    let before = leftovers()?;
    let mut server = Server::start(&dist_dir()?)?;
    server.ok(["cluster-template", "create", "swarm", "--coe", "swarm"])?;
    let mut kills = 0;
    for after in moments(full()) {
        server.ok(["cluster", "create", "x", "--cluster-template", "swarm", "--node-count", "1"])?;
        std::thread::sleep(Duration::from_millis(after));
        server.kill()?;
        server.up()?;
        ensure!(settled(&server, "x")? == "CREATE_COMPLETE", "create cut at {after} ms");
        server.ok(["cluster", "resize", "x", if after % 20 == 0 { "2" } else { "0" }])?;
        std::thread::sleep(Duration::from_millis(after));
        server.kill()?;
        server.up()?;
        ensure!(settled(&server, "x")? == "UPDATE_COMPLETE", "resize cut at {after} ms");
        let nodes = server.json(["node", "list", "x"])?;
        let wanted = if after % 20 == 0 { 3 } else { 1 };
        ensure!(nodes.as_array().is_some_and(|n| n.len() == wanted), "resize cut at {after} ms: {nodes}");
        server.ok(["cluster", "delete", "x"])?;
        std::thread::sleep(Duration::from_millis(after / 2));
        server.kill()?;
        server.up()?;
        wait(Duration::from_secs(60), &format!("delete cut at {after} ms is finished"), || {
            Ok(server.json(["cluster", "list"])?.as_array().is_some_and(Vec::is_empty).then_some(()))
        })?;
        kills += 3;
    }
    ensure!(kills >= 20, "only {kills} kills");
    drop(server);
    let left: Vec<String> = leftovers()?.difference(&before).cloned().collect();
    ensure!(left.is_empty(), "left behind: {left:?}");
    Ok(())
}

#[test]
fn an_agent_killed_during_bootstrap_and_a_node_that_loses_power_come_up_all_the_same() -> Result<()> {
    let server = Server::start(&dist_dir()?)?;
    server.ok(["cluster-template", "create", "k8s", "--coe", "kubernetes"])?;
    server.ok(["cluster", "create", "k", "--cluster-template", "k8s", "--node-count", "2"])?;
    // The agent of the master dies as soon as it runs, and twice more while it works.
    for _ in 0..3 {
        wait(Duration::from_secs(30), "the master's agent runs and is killed", || {
            Ok((server.exec("k", "master-0", &["pkill", "-9", "-f", "magnum-agent run"])?.0 == Some(0)).then_some(()))
        })?;
        std::thread::sleep(Duration::from_millis(700));
    }
    // A worker's power is cut while it boots, and comes back.
    server.ok(["node", "stop", "k", "node-1"])?;
    std::thread::sleep(Duration::from_millis(500));
    server.ok(["node", "start", "k", "node-1"])?;
    ensure!(settled(&server, "k")? == "CREATE_COMPLETE", "bootstrap with a killed agent and a power cut");
    // And once more when the cluster stands: the node comes back by itself.
    server.ok(["node", "stop", "k", "node-0"])?;
    server.ok(["node", "start", "k", "node-0"])?;
    let kubectl = magnum_testkit::Kubectl::new(&server, "k")?;
    wait(Duration::from_secs(90), "all nodes are Ready after the power cut", || Ok((kubectl.ready_nodes()?.len() == 3).then_some(())))?;
    units_of_one_tick(&server)?;
    server.ok(["cluster", "delete", "k", "--watch"]).map(|_| ())
}

/// systemd sees new units by their folder's time. Here it stays the same while the agent writes one again, as it does
/// when another was written, and looked for, in the same tick of the kernel.
fn units_of_one_tick(server: &Server) -> Result<()> {
    let (code, text) = server.exec("k", "node-0", &["bash", "-ec", ONE_TICK])?;
    ensure!(code == Some(0), "a unit of the same tick: {code:?} {text}");
    Ok(())
}

const ONE_TICK: &str = "units=/etc/systemd/system
timeout 60 sh -c 'until pidof -q kube-proxy; do sleep 0.1; done'
systemctl stop magnum-agent kube-proxy
rm $units/kube-proxy.service $units/multi-user.target.wants/kube-proxy.service
systemctl daemon-reload
systemctl show --property=LoadState kube-proxy.service | grep -x LoadState=not-found
time=$(stat --format=%y $units)
systemctl start --no-block magnum-agent
while [ $SECONDS -lt 60 ]; do
    touch --date=\"$time\" $units
    if pidof -q kube-proxy; then
        exit 0
    fi
done
journalctl --no-pager --lines=5 --unit=magnum-agent
exit 1";
