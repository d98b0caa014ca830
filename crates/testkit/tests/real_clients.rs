// SPDX-License-Identifier: Apache-2.0
//! The real Python clients, unchanged, against this server: `openstack coe` (python-magnumclient) and openstacksdk.

use anyhow::{Context, Result, ensure};
use magnum_testkit::{Server, csr, dist_dir, openssl, venv_dir, wait};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// The `openstack` command with an admin token, as an operator without Keystone would call it.
struct Openstack<'a> {
    server: &'a Server,
    program: PathBuf,
    /// Since 5.0 changes are options; before they were `replace key=value`.
    by_options: bool,
}

impl Openstack<'_> {
    /// python-magnumclient as it is published today.
    fn current(server: &Server) -> Result<Openstack<'_>> {
        Ok(Openstack { server, program: venv_dir()?.join("bin/openstack"), by_options: true })
    }

    /// Debian's: python-magnumclient 4.0 of 2022.
    fn debian(server: &Server) -> Result<Openstack<'_>> {
        let program = PathBuf::from("/usr/bin/openstack");
        ensure!(program.is_file(), "Debian's python3-openstackclient is not installed; run cargo xtask setup");
        Ok(Openstack { server, program, by_options: false })
    }

    fn run(&self, args: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.program);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("SHELL", "/bin/bash").env("HOME", self.server.state());
        command.args(["--os-auth-type", "admin_token", "--os-endpoint", &self.server.url(), "--os-token", &self.server.token()?]);
        let output = command.args(args).current_dir(self.server.state()).output().context("running openstack")?;
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let stderr = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{} {args:?}: {}\n{stdout}\n{stderr}", self.program.display(), output.status);
        Ok(stdout)
    }

    /// `… update WHAT`, in the words of this client.
    fn update(&self, what: &[&str], option: &str, key: &str, value: &str) -> Result<()> {
        let changed = format!("{key}={value}");
        let how = if self.by_options { [option, value] } else { ["replace", &changed] };
        self.run(&[&["coe"], what, &how[..]].concat()).map(drop)
    }

    fn json(&self, args: &[&str]) -> Result<Value> {
        let all: Vec<&str> = args.iter().copied().chain(["-f", "json"]).collect();
        let text = self.run(&all)?;
        // `coe cluster template create` says that it was accepted before it prints the object.
        let document = text.find(['{', '[']).and_then(|begin| text.get(begin..)).unwrap_or_default();
        serde_json::from_str(document).with_context(|| format!("openstack {args:?} printed no JSON: {text}"))
    }

    /// Waits until the cluster has this status; answers it.
    fn complete(&self, wanted: &str) -> Result<Value> {
        wait(Duration::from_secs(90), wanted, || {
            let cluster = self.json(&["coe", "cluster", "show", "c1"])?;
            ensure!(!cluster["status"].as_str().unwrap_or_default().ends_with("FAILED"), "{cluster}");
            Ok((cluster["status"] == wanted).then_some(cluster))
        })
    }

    /// As [`Self::complete`] after a change, which leaves the status of the one before for no moment.
    fn updated(&self) -> Result<Value> {
        self.complete("UPDATE_COMPLETE")
    }
}

#[test]
fn every_subcommand_of_todays_openstack_coe_works() -> Result<()> {
    let server = Server::start(&dist_dir()?)?;
    every_subcommand(&Openstack::current(&server)?)
}

#[test]
fn every_subcommand_of_debians_openstack_coe_works() -> Result<()> {
    let server = Server::start(&dist_dir()?)?;
    every_subcommand(&Openstack::debian(&server)?)
}

fn every_subcommand(client: &Openstack<'_>) -> Result<()> {
    templates(client)?;
    cluster(client)?;
    nodegroups(client)?;
    quotas_and_stats(client)?;
    upgrade_and_rotate(client)?;
    client.run(&["coe", "cluster", "delete", "c1"])?;
    wait(Duration::from_secs(60), "the cluster is gone", || {
        Ok(client.json(&["coe", "cluster", "list"])?.as_array().is_some_and(Vec::is_empty).then_some(()))
    })?;
    client.run(&["coe", "cluster", "template", "delete", "t1", "t2"])?;
    ensure!(client.json(&["coe", "cluster", "template", "list"])?.as_array().is_some_and(Vec::is_empty));
    Ok(())
}

fn templates(client: &Openstack<'_>) -> Result<()> {
    let base = ["coe", "cluster", "template", "create", "t1", "--coe", "swarm", "--image", "debian-12", "--external-network", "public"];
    let more = ["--flavor", "m1.small", "--docker-storage-driver", "overlay2", "--labels", "a=1,b=two words"];
    let template = client.json(&[&base[..], &more[..]].concat())?;
    ensure!(template["name"] == "t1" && template["labels"]["b"] == "two words", "{template}");
    ensure!(client.json(&["coe", "cluster", "template", "list"])?[0]["name"] == "t1");
    let shown = client.json(&["coe", "cluster", "template", "show", "t1"])?;
    ensure!(shown["image_id"] == "debian-12" && shown["coe"] == "swarm", "{shown}");
    client.update(&["cluster", "template", "update", "t1"], "--dns-nameserver", "dns_nameserver", "9.9.9.9")?;
    let shown = client.json(&["coe", "cluster", "template", "show", "t1"])?;
    ensure!(shown["dns_nameserver"] == "9.9.9.9", "{shown}");
    client.run(&[
        "coe",
        "cluster",
        "template",
        "create",
        "t2",
        "--coe",
        "swarm",
        "--image",
        "debian-12",
        "--external-network",
        "public",
    ])?;
    Ok(())
}

fn cluster(client: &Openstack<'_>) -> Result<()> {
    let accepted = client.run(&["coe", "cluster", "create", "c1", "--cluster-template", "t1", "--node-count", "1"])?;
    ensure!(accepted.contains("Request to create cluster") && accepted.contains("accepted"), "{accepted}");
    let cluster = client.complete("CREATE_COMPLETE")?;
    ensure!(cluster["node_count"] == 1 && cluster["master_count"] == 1, "{cluster}");
    ensure!(cluster["api_address"].as_str().is_some_and(|a| a.starts_with("tcp://")), "{cluster}");
    ensure!(cluster["node_addresses"].as_array().is_some_and(|a| a.len() == 1), "{cluster}");
    let row = &client.json(&["coe", "cluster", "list"])?[0];
    ensure!(row["name"] == "c1" && row["status"] == "CREATE_COMPLETE", "{row}");
    ensure!(client.json(&["coe", "service", "list"])?[0]["state"] == "up");
    ensure!(client.run(&["coe", "ca", "show", "c1"])?.contains("BEGIN CERTIFICATE"));
    sign(client)?;
    configured(client)?;
    client.run(&["coe", "cluster", "resize", "c1", "2"])?;
    ensure!(client.updated()?["node_count"] == 2);
    client.update(&["cluster", "update", "c1"], "--node-count", "node_count", "1")?;
    ensure!(client.updated()?["node_count"] == 1);
    Ok(())
}

/// `coe cluster config`: what it writes lets Docker's own protocol in, with the certificate it asked for.
fn configured(client: &Openstack<'_>) -> Result<()> {
    let folder = client.server.state().join("config");
    std::fs::create_dir_all(&folder).context("making a folder")?;
    let said = client.run(&["coe", "cluster", "config", "c1", "--dir", &folder.display().to_string(), "--force", "--output-certs"])?;
    let host = said.lines().find_map(|line| line.split_once("DOCKER_HOST=")).map(|(_, host)| host.trim().trim_matches('"').to_owned());
    let host = host.with_context(|| format!("no DOCKER_HOST in {said}"))?;
    let url = format!("{}/info", host.replace("tcp://", "https://"));
    let file = |name: &str| folder.join(name).display().to_string();
    let (ca, cert, key) = (file("ca.pem"), file("cert.pem"), file("key.pem"));
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "20", "--cacert", &ca, "--cert", &cert, "--key", &key, &url])
        .output()
        .context("running curl")?;
    let info: Value = serde_json::from_slice(&output.stdout).with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    ensure!(info["Swarm"]["Nodes"] == 2, "{}", info["Swarm"]);
    Ok(())
}

fn nodegroups(client: &Openstack<'_>) -> Result<()> {
    let groups = client.json(&["coe", "nodegroup", "list", "c1"])?;
    ensure!(groups.as_array().is_some_and(|g| g.len() == 2), "{groups}");
    let group = client.json(&["coe", "nodegroup", "show", "c1", "default-worker"])?;
    ensure!(group["role"] == "worker" && group["node_count"] == 1, "{group}");
    client.run(&["coe", "nodegroup", "create", "c1", "extra", "--node-count", "1", "--role", "extra", "--flavor", "m1.small"])?;
    client.updated()?;
    ensure!(client.json(&["coe", "nodegroup", "show", "c1", "extra"])?["status"] == "CREATE_COMPLETE");
    client.update(&["nodegroup", "update", "c1", "extra"], "--max-nodes", "max_node_count", "3")?;
    client.updated()?;
    let group = client.json(&["coe", "nodegroup", "show", "c1", "extra"])?;
    ensure!(group["max_node_count"] == 3, "{group}");
    client.run(&["coe", "nodegroup", "delete", "c1", "extra"])?;
    wait(Duration::from_secs(60), "the group is gone", || {
        Ok(client.json(&["coe", "nodegroup", "list", "c1"])?.as_array().is_some_and(|groups| groups.len() == 2).then_some(()))
    })?;
    client.updated().map(drop)
}

fn quotas_and_stats(client: &Openstack<'_>) -> Result<()> {
    fn quota<'a>(words: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
        [&["coe", "quotas"], words, more].concat()
    }
    let project = client.json(&["coe", "cluster", "show", "c1"])?["project_id"].as_str().unwrap_or_default().to_owned();
    let of = ["--project-id", &project, "--resource", "Cluster"];
    client.run(&quota(&["create"], &[&of[..], &["--hard-limit", "7"]].concat()))?;
    let row = |text: &str, key: &str, value: &str| text.lines().any(|line| line.contains(key) && line.contains(&format!("| {value} ")));
    let shown = client.run(&quota(&["show"], &of))?;
    ensure!(row(&shown, "hard_limit", "7"), "{shown}");
    client.run(&quota(&["update"], &[&of[..], &["--hard-limit", "8"]].concat()))?;
    let listed = client.run(&quota(&["list"], &["--all-tenants"]))?;
    ensure!(listed.lines().any(|line| line.contains(&project) && line.contains("| 8 ")), "{listed}");
    client.run(&quota(&["delete"], &of))?;
    let listed = client.run(&quota(&["list"], &["--all-tenants"]))?;
    ensure!(!listed.contains(&project), "{listed}");
    let stats = client.run(&["coe", "stats", "list", &project])?;
    ensure!(row(&stats, "clusters", "1") && row(&stats, "nodes", "2"), "{stats}");
    Ok(())
}

fn upgrade_and_rotate(client: &Openstack<'_>) -> Result<()> {
    client.run(&["coe", "cluster", "upgrade", "c1", "t2"])?;
    let cluster = client.updated()?;
    let template = client.json(&["coe", "cluster", "template", "show", "t2"])?;
    ensure!(cluster["cluster_template_id"] == template["uuid"], "{cluster}");
    // Its end is waited for in `real_changes`; a cluster in the middle of it can be deleted.
    client.run(&["coe", "ca", "rotate", "c1"]).map(drop)
}

/// `coe ca sign` with a request made by openssl; the answer verifies against `coe ca show`.
fn sign(client: &Openstack<'_>) -> Result<()> {
    let state = client.server.state();
    std::fs::write(state.join("u.csr"), csr(state)?)?;
    std::fs::write(state.join("u.crt"), client.run(&["coe", "ca", "sign", "c1", "u.csr"])?)?;
    std::fs::write(state.join("ca.crt"), client.run(&["coe", "ca", "show", "c1"])?)?;
    ensure!(openssl(state, &["verify", "-CAfile", "ca.crt", "u.crt"])?.contains("OK"));
    Ok(())
}

/// Through openstacksdk's own objects; asserts in Python, so that what is checked is what a program would see.
const SDK: &str = r#"
import sys, openstack, openstack.exceptions
url, token = sys.argv[1:3]
conn = openstack.connect(auth_type='admin_token', auth={'endpoint': url, 'token': token}, load_envvars=False, load_yaml_config=False)
coe = conn.container_infrastructure_management
t = coe.create_cluster_template(name='sdk', coe='kubernetes', image_id='debian-12', external_network_id='public', flavor_id='m1.small')
assert t.uuid and t.name == 'sdk' and t.network_driver == 'flannel', t
assert [x.name for x in coe.cluster_templates()] == ['sdk']
assert coe.find_cluster_template('sdk').uuid == t.uuid
assert coe.get_cluster_template(t.id).image_id == 'debian-12'
assert [s.state for s in coe.services()] == ['up']
assert list(coe.clusters()) == []
try:
    coe.create_cluster(name='no', cluster_template_id='absent')
    raise SystemExit('a cluster of an absent template was accepted')
except openstack.exceptions.HttpException as e:
    assert e.status_code in (400, 404), e
try:
    coe.get_cluster('absent')
    raise SystemExit('an absent cluster was found')
except openstack.exceptions.NotFoundException as e:
    assert 'absent' in str(e), e
coe.delete_cluster_template(t.id)
assert list(coe.cluster_templates()) == []
print('sdk ok')
"#;

#[test]
fn openstacksdk_works_on_templates_clusters_and_services() -> Result<()> {
    let server = Server::start(&dist_dir()?)?;
    let mut command = Command::new(venv_dir()?.join("bin/python"));
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", server.state());
    let output = command.args(["-c", SDK, &server.url(), &server.token()?]).output().context("running python")?;
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success() && text.contains("sdk ok"), "{text}");
    Ok(())
}

/// What Terraform and the cluster autoscaler are built on, as Debian packages it.
#[test]
fn gophercloud_creates_scales_and_deletes_a_cluster() -> Result<()> {
    let server = Server::start(&dist_dir()?)?;
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/gophercloud.go");
    let program = server.state().join("gophercloud");
    let mut go = Command::new("go");
    go.args(["build", "-o"]).arg(&program).arg(source).current_dir(server.state());
    go.env("GO111MODULE", "off").env("GOPATH", "/usr/share/gocode").env("GOCACHE", magnum_testkit::cache_dir().join("go-build"));
    run(&mut go)?;
    let said = run(Command::new(&program).args([server.url(), server.token()?]))?;
    ensure!(said.contains("gophercloud ok"), "{said}");
    Ok(())
}

fn run(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("running {command:?}"))?;
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{command:?} ended with {}: {text}", output.status);
    Ok(text)
}
