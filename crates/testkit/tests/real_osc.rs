// SPDX-License-Identifier: Apache-2.0
//! OpenStack's Rust client (`osc` of the crates openstack_cli and openstack_sdk), unchanged, against this server behind a real
//! Keystone. Only with `--full`: building it takes as long as building this project.
//!
//! The commands of release 0.13.5 know only `kubernetes` as an engine, have no resize and no upgrade, ask for node groups at a path
//! that Magnum does not have, expect `/v1` to be a list, and to print a cluster as a table take its booleans for text; all the others
//! are here.

#![allow(clippy::print_stdout, reason = "tests")]

use anyhow::{Context, Result, ensure};
use magnum_testkit::{Installation, Persona, REGION, cache_dir, csr, openssl, wait};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// The client with a home and a clouds.yaml of its own.
struct Osc<'a> {
    world: &'a Installation,
    home: PathBuf,
}

impl<'a> Osc<'a> {
    fn new(world: &'a Installation) -> Result<Self> {
        let home = world.server.state().join("home");
        std::fs::create_dir_all(&home).context("making a home")?;
        let clouds: Vec<String> = [Persona::Member, Persona::Admin, Persona::Reader]
            .iter()
            .map(|persona| {
                let (url, user, password) = (world.keystone.url(), persona.user(), world.populated.password());
                format!(
                    "  {user}:\n    auth: {{auth_url: '{url}', username: '{user}', password: '{password}', project_name: demo, \
                     user_domain_name: Default, project_domain_name: Default}}\n    region_name: {REGION}\n"
                )
            })
            .collect();
        std::fs::write(home.join("clouds.yaml"), format!("clouds:\n{}", clouds.concat())).context("writing clouds.yaml")?;
        Ok(Self { world, home })
    }

    fn output(&self, persona: Persona, args: &[&str]) -> Result<Output> {
        let program = cache_dir().join("osc/bin/osc");
        let mut command = Command::new("timeout");
        command.arg("60").arg(program).args(["--os-cloud", persona.user(), "container-infrastructure"]).args(args);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", &self.home).current_dir(&self.home);
        command.env("OS_CLIENT_CONFIG_FILE", self.home.join("clouds.yaml")).stdin(Stdio::null());
        command.output().context("running osc; cargo xtask test --full builds it")
    }

    fn run(&self, persona: Persona, args: &[&str]) -> Result<String> {
        let output = self.output(persona, args)?;
        let (out, err) = (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "osc {args:?}: {}\n{out}\n{err}", output.status);
        Ok(out)
    }

    fn json(&self, persona: Persona, args: &[&str]) -> Result<Value> {
        let text = self.run(persona, &[args, &["-o", "json"]].concat())?;
        serde_json::from_str(&text).with_context(|| format!("osc {args:?} printed no JSON: {text}"))
    }

    fn me(&self, args: &[&str]) -> Result<Value> {
        self.json(Persona::Member, args)
    }

    /// A command that must fail and say so.
    fn fails(&self, persona: Persona, args: &[&str], words: &str) -> Result<()> {
        let output = self.output(persona, args)?;
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(!output.status.success() && text.contains(words), "osc {args:?} should say {words:?}: {} {text}", output.status);
        Ok(())
    }
}

#[test]
fn the_rust_client_makes_looks_at_and_deletes_clusters() -> Result<()> {
    if std::env::var_os("MAGNUM_TEST_FULL").is_none() {
        return Ok(());
    }
    let world = Installation::new("")?;
    let osc = Osc::new(&world)?;
    let template = templates(&osc)?;
    cluster(&osc, &template)?;
    others(&osc)?;
    osc.run(Persona::Member, &["clustertemplate", "delete", &template])?;
    ensure!(osc.me(&["clustertemplate", "list"])?.as_array().is_some_and(Vec::is_empty), "the template is still there");
    Ok(())
}

/// Answers the uuid of a template.
fn templates(osc: &Osc<'_>) -> Result<String> {
    let create = ["clustertemplate", "create", "--name", "t1", "--coe", "kubernetes", "--image-id", "debian-12"];
    let more = ["--external-network-id", "public", "--flavor-id", "m1.small", "--labels", "a=1", "--labels", "b=two words"];
    let made = osc.me(&[&create[..], &more[..]].concat())?;
    ensure!(made["name"] == "t1" && made["labels"]["b"] == "two words", "{made}");
    let uuid = made["uuid"].as_str().context("a template without a uuid")?.to_owned();
    let listed = osc.me(&["clustertemplate", "list"])?;
    ensure!(listed.as_array().is_some_and(|all| all.len() == 1 && all[0]["uuid"] == uuid.as_str()), "{listed}");
    for by in ["t1", &uuid] {
        let shown = osc.me(&["clustertemplate", "show", by])?;
        ensure!(shown["uuid"] == uuid.as_str() && shown["coe"] == "kubernetes" && shown["image_id"] == "debian-12", "{shown}");
    }
    osc.fails(Persona::Member, &["clustertemplate", "show", "absent"], "absent")?;
    Ok(uuid)
}

fn cluster(osc: &Osc<'_>, template: &str) -> Result<()> {
    osc.fails(Persona::Member, &["cluster", "create", "--name", "no", "--cluster-template-id", "absent"], "absent")?;
    osc.fails(Persona::Reader, &["cluster", "create", "--name", "no", "--cluster-template-id", template], "403")?;
    let create = ["cluster", "create", "--name", "c1", "--cluster-template-id", template, "--node-count", "1", "--master-count", "1"];
    let made = osc.me(&create)?;
    let uuid = made["uuid"].as_str().context("a cluster without a uuid")?.to_owned();
    let shown = wait(Duration::from_secs(120), "the cluster is there", || {
        let shown = osc.me(&["cluster", "show", &uuid])?;
        ensure!(!shown["status"].as_str().unwrap_or_default().ends_with("FAILED"), "{shown}");
        Ok((shown["status"] == "CREATE_COMPLETE").then_some(shown))
    })?;
    ensure!(shown["node_count"] == 1 && shown["name"] == "c1" && shown["labels"]["b"] == "two words", "{shown}");
    let listed = osc.me(&["cluster", "list"])?;
    ensure!(listed[0]["uuid"] == uuid.as_str() && listed[0]["status"] == "CREATE_COMPLETE", "{listed}");
    // A reader of the project sees it too. (Not as a table: the client takes Magnum's booleans for text there.)
    ensure!(osc.json(Persona::Reader, &["cluster", "list"])? == listed, "a reader sees something else");
    certificates(osc, &uuid)?;
    osc.run(Persona::Member, &["cluster", "delete", &uuid])?;
    wait(Duration::from_secs(60), "the cluster is gone", || {
        Ok(osc.me(&["cluster", "list"])?.as_array().is_some_and(Vec::is_empty).then_some(()))
    })
}

/// The answer to a request made by openssl verifies against the authority that is shown.
fn certificates(osc: &Osc<'_>, cluster: &str) -> Result<()> {
    let authority = osc.me(&["certificate", "show", cluster])?;
    let csr = format!("--csr={}", csr(&osc.home)?);
    let signed = osc.me(&["certificate", "create", "--cluster-uuid", cluster, &csr])?;
    for (name, document) in [("ca.crt", &authority), ("u.crt", &signed)] {
        let pem = document["pem"].as_str().with_context(|| format!("no certificate in {document}"))?;
        std::fs::write(osc.home.join(name), pem).with_context(|| format!("writing {name}"))?;
    }
    ensure!(openssl(&osc.home, &["verify", "-CAfile", "ca.crt", "u.crt"])?.contains("OK"));
    Ok(())
}

/// Quotas, statistics, services and federations.
fn others(osc: &Osc<'_>) -> Result<()> {
    let project = osc.world.populated.demo();
    let quota = ["quota", "create", "--project-id", project, "--resource", "cluster", "--hard-limit", "7"];
    let made = osc.json(Persona::Admin, &quota)?;
    ensure!(made["hard_limit"] == 7 && made["project_id"] == project, "{made}");
    osc.fails(Persona::Member, &quota, "403")?;
    let listed = osc.json(Persona::Admin, &["quota", "list"])?;
    ensure!(listed[0]["hard_limit"] == 7, "{listed}");
    let stats = osc.me(&["stat", "show"])?;
    ensure!(stats["clusters"] == 0 && stats["nodes"] == 0, "{stats}");
    ensure!(osc.run(Persona::Member, &["stat", "show"])?.contains("nodes"), "a table without the nodes");
    let services = osc.json(Persona::Admin, &["service", "list"])?;
    ensure!(services[0]["state"] == "up", "{services}");
    let federations = osc.me(&["federation", "list"])?;
    ensure!(federations.as_array().is_some_and(Vec::is_empty), "{federations}");
    println!("all commands of osc were run");
    Ok(())
}
