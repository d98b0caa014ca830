// SPDX-License-Identifier: Apache-2.0
//! A create that cannot succeed ends within seconds, with the reason, and keeps its nodes to be looked at.

use anyhow::{Result, ensure};
use magnum_testkit::{Server, dist_dir, wait};
use std::time::{Duration, Instant};

#[test]
fn a_broken_etcd_ends_the_create_with_its_reason_and_keeps_the_nodes() -> Result<()> {
    let server = Server::start(&dist_dir()?)?;
    server.ok(["cluster-template", "create", "k8s", "--coe", "kubernetes"])?;
    server.ok(["cluster", "create", "f", "--cluster-template", "k8s", "--node-count", "1"])?;
    server.break_etcd("f")?;
    let broken = Instant::now();
    let cluster = wait(Duration::from_secs(60), "the create ends", || {
        let cluster = server.json(["cluster", "show", "f"])?;
        Ok((cluster["status"] != "CREATE_IN_PROGRESS").then_some(cluster))
    })?;
    ensure!(cluster["status"] == "CREATE_FAILED", "{cluster}");
    let reason = cluster["status_reason"].as_str().unwrap_or_default();
    // Where etcd has started once before it is broken, it is the next step that meets it.
    let steps = ["node master-0, step etcd: etcd.service failed", "node master-0, step kube-apiserver: etcd.service failed"];
    ensure!(steps.iter().any(|step| reason.starts_with(step)), "{reason}");
    ensure!(broken.elapsed() < Duration::from_secs(30), "took {:?}", broken.elapsed());
    let (code, text) = server.exec("f", "master-0", &["systemctl", "is-system-running"])?;
    ensure!(code.is_some(), "the node is kept for inspection: {text}");
    ensure!(server.ok(["node", "console", "f", "master-0"])?.contains("etcd.service failed"), "the console has the reason too");
    let doctor = server.output(["doctor", "f"])?;
    let text = String::from_utf8_lossy(&doctor.stdout);
    ensure!(doctor.status.code() == Some(1) && text.contains("etcd-not-running   master-0"), "the doctor names the cause: {text}");
    ensure!(text.contains("boot-script-failed on master-0"), "and what follows from it: {text}");
    server.ok(["cluster", "delete", "f", "--watch"]).map(|_| ())
}
