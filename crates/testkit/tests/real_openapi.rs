// SPDX-License-Identifier: Apache-2.0
//! schemathesis against our own document: whatever it thinks of, no answer is a 5xx or outside the document.

use anyhow::{Context, Result, bail, ensure};
use magnum_testkit::{Server, cache_dir, dist_dir, wait};
use std::process::Command;
use std::time::Duration;

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,ignored_auth";

/// Runs it, for so many seconds each time, until it has made more than `wanted` requests: how many fit into the time depends on
/// the machine.
fn requests(server: &Server, seconds: u32, wanted: u32, more: &[&str]) -> Result<()> {
    const TIMES: usize = 5;
    let mut made = 0;
    for _ in 0..TIMES {
        made += schemathesis(server, seconds, more)?;
        if made > wanted {
            return Ok(());
        }
    }
    bail!("only {made} requests in {TIMES} runs of {seconds} s")
}

/// Runs it for some seconds; answers how many requests it made.
fn schemathesis(server: &Server, seconds: u32, more: &[&str]) -> Result<u32> {
    let mut command = Command::new(cache_dir().join("schemathesis/bin/schemathesis"));
    command.current_dir(server.state()).args(["run", &format!("{}/v1/openapi.json", server.url()), "--checks", CHECKS]);
    command.args(["-H", &format!("X-Auth-Token: {}", server.token()?), "-H", "OpenStack-API-Version: container-infra latest"]);
    command.args([
        "--max-time",
        &seconds.to_string(),
        "--request-timeout",
        "30",
        "--continue-on-failure",
        "--no-color",
        "--warnings",
        "off",
    ]);
    let output = command.args(more).output().context("running schemathesis; cargo xtask test installs it")?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let count = text.lines().find_map(|line| line.trim().split_once(" generated")?.0.parse().ok());
    count.with_context(|| format!("schemathesis should have counted its requests: {text}"))
}

#[test]
fn no_request_that_a_program_can_think_of_is_answered_outside_the_document() -> Result<()> {
    let server = Server::start(&dist_dir()?)?;
    // Without anything there, every operation.
    requests(&server, 12, 500, &[])?;
    // With a cluster there, all that does not take it away or make it grow.
    server.ok(["cluster-template", "create", "t1", "--coe", "swarm"])?;
    server.ok(["cluster", "create", "c1", "--cluster-template", "t1", "--node-count", "0"])?;
    wait(Duration::from_secs(90), "the cluster is there", || {
        Ok((server.json(["cluster", "show", "c1"])?["status"] == "CREATE_COMPLETE").then_some(()))
    })?;
    let config = "[parameters]\n\"path.cluster_ident\" = \"c1\"\n\"path.cluster_id\" = \"c1\"\n\"path.bay_ident\" = \"c1\"\n\
                  \"path.cluster_template_ident\" = \"t1\"\n\"path.baymodel_ident\" = \"t1\"\n\"path.node\" = \"master-0\"\n\
                  \"path.nodegroup_id\" = \"default-worker\"\n\"path.project_id\" = \"default\"\n\"path.resource\" = \"Cluster\"\n";
    std::fs::write(server.state().join("schemathesis.toml"), config).context("writing schemathesis.toml")?;
    let spared = "(clusters|bays|baymodels|clustertemplates)\\.(delete|create|resize|update|upgrade)|nodegroups\\.create|nodes\\.stop";
    requests(&server, 15, 200, &["--exclude-operation-id-regex", spared])?;
    ensure!(server.json(["cluster", "show", "c1"])?["status"] != "DELETE_IN_PROGRESS", "the cluster is still there");
    Ok(())
}
