// SPDX-License-Identifier: Apache-2.0
//! The real Python clients, unchanged, against this server: `openstack coe` (python-magnumclient) and openstacksdk.

use anyhow::{Context, Result, ensure};
use magnum_testkit::{Server, dist_dir, venv_dir, wait};
use serde_json::Value;
use std::process::Command;
use std::time::Duration;

/// The `openstack` command with an admin token, as an operator without Keystone would call it.
fn openstack(server: &Server, args: &[&str]) -> Result<String> {
    let mut command = Command::new(venv_dir()?.join("bin/openstack"));
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", server.state());
    command.args(["--os-auth-type", "admin_token", "--os-endpoint", &server.url(), "--os-token", &server.token()?]);
    let output = command.args(args).current_dir(server.state()).output().context("running openstack")?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "openstack {args:?}: {}\n{stdout}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    Ok(stdout)
}

fn json(server: &Server, args: &[&str]) -> Result<Value> {
    let all: Vec<&str> = args.iter().copied().chain(["-f", "json"]).collect();
    let text = openstack(server, &all)?;
    // `coe cluster template create` says that it was accepted before it prints the object.
    let document = text.find(['{', '[']).and_then(|begin| text.get(begin..)).unwrap_or_default();
    serde_json::from_str(document).with_context(|| format!("openstack {args:?} printed no JSON"))
}

#[test]
fn openstack_coe_creates_looks_at_resizes_and_deletes_a_cluster() -> Result<()> {
    let server = Server::start(&dist_dir()?)?;
    let base = ["coe", "cluster", "template", "create", "t1", "--coe", "swarm", "--image", "debian-12", "--external-network", "public"];
    let more = ["--flavor", "m1.small", "--docker-storage-driver", "overlay2", "--labels", "a=1,b=two words"];
    let template = json(&server, &[&base[..], &more[..]].concat())?;
    ensure!(template["name"] == "t1" && template["labels"]["b"] == "two words", "{template}");
    ensure!(json(&server, &["coe", "cluster", "template", "list"])?[0]["name"] == "t1");
    let shown = json(&server, &["coe", "cluster", "template", "show", "t1"])?;
    ensure!(shown["image_id"] == "debian-12" && shown["coe"] == "swarm", "{shown}");

    let accepted = openstack(&server, &["coe", "cluster", "create", "c1", "--cluster-template", "t1", "--node-count", "1"])?;
    ensure!(accepted.contains("Request to create cluster") && accepted.contains("accepted"), "{accepted}");
    let complete = |wanted: &str| {
        wait(Duration::from_secs(90), wanted, || {
            let cluster = json(&server, &["coe", "cluster", "show", "c1"])?;
            ensure!(!cluster["status"].as_str().unwrap_or_default().ends_with("FAILED"), "{cluster}");
            Ok((cluster["status"] == wanted).then_some(cluster))
        })
    };
    let cluster = complete("CREATE_COMPLETE")?;
    ensure!(cluster["node_count"] == 1 && cluster["master_count"] == 1, "{cluster}");
    ensure!(cluster["api_address"].as_str().is_some_and(|a| a.starts_with("tcp://")), "{cluster}");
    ensure!(cluster["node_addresses"].as_array().is_some_and(|a| a.len() == 1), "{cluster}");
    let row = &json(&server, &["coe", "cluster", "list"])?[0];
    ensure!(row["name"] == "c1" && row["status"] == "CREATE_COMPLETE", "{row}");

    let groups = json(&server, &["coe", "nodegroup", "list", "c1"])?;
    ensure!(groups.as_array().is_some_and(|g| g.len() == 2), "{groups}");
    let group = json(&server, &["coe", "nodegroup", "show", "c1", "default-worker"])?;
    ensure!(group["role"] == "worker" && group["node_count"] == 1, "{group}");
    ensure!(json(&server, &["coe", "service", "list"])?[0]["state"] == "up");
    ensure!(openstack(&server, &["coe", "ca", "show", "c1"])?.contains("BEGIN CERTIFICATE"));
    sign(&server)?;

    openstack(&server, &["coe", "cluster", "resize", "c1", "2"])?;
    ensure!(complete("UPDATE_COMPLETE")?["node_count"] == 2);
    openstack(&server, &["coe", "cluster", "delete", "c1"])?;
    wait(Duration::from_secs(60), "the cluster is gone", || {
        Ok(json(&server, &["coe", "cluster", "list"])?.as_array().is_some_and(Vec::is_empty).then_some(()))
    })?;
    openstack(&server, &["coe", "cluster", "template", "delete", "t1"]).map(|_| ())
}

/// `coe ca sign` with a request made by openssl; the answer verifies against `coe ca show`.
fn sign(server: &Server) -> Result<()> {
    let openssl = |args: &[&str]| -> Result<String> {
        let output = Command::new("openssl").args(args).current_dir(server.state()).output().context("running openssl")?;
        ensure!(output.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    openssl(&["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "u.key", "-subj", "/O=system:masters/CN=admin", "-out", "u.csr"])?;
    std::fs::write(server.state().join("u.crt"), openstack(server, &["coe", "ca", "sign", "c1", "u.csr"])?)?;
    std::fs::write(server.state().join("ca.crt"), openstack(server, &["coe", "ca", "show", "c1"])?)?;
    ensure!(openssl(&["verify", "-CAfile", "ca.crt", "u.crt"])?.contains("OK"));
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
