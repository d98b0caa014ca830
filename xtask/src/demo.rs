// SPDX-License-Identifier: Apache-2.0
//! `cargo xtask demo`: the whole story on real nodes, from nothing to nothing.

use crate::{compile, setup, sh};
use anyhow::{Context, Result, bail, ensure};
use magnum_testkit::{Kubectl, Pod, Server, WEB, leftovers};
use std::time::Instant;

/// How to run the demo.
#[derive(clap::Args)]
pub struct Args {
    /// Worker nodes.
    #[arg(long, default_value_t = 2)]
    nodes: u32,
}

/// Runs the demo; every step is real and every expectation is checked.
pub fn run(args: &Args) -> Result<()> {
    setup::run()?;
    let dist = compile::dist()?;
    setup::image(&dist)?;
    let before = leftovers()?;
    let server = Server::start(&dist)?;
    story(&server, args)?;
    drop(server);
    let left: Vec<String> = leftovers()?.difference(&before).cloned().collect();
    ensure!(left.is_empty(), "the demo left behind: {left:?}");
    sh::say("nothing is left of it on this machine");
    Ok(())
}

fn story(server: &Server, args: &Args) -> Result<()> {
    let nodes = args.nodes.to_string();
    step("a template, and a cluster of real hosts");
    sh::run(&mut server.magnum(["cluster-template", "create", "k8s", "--coe", "kubernetes", "-o", "value", "-c", "uuid"]))?;
    sh::run(&mut server.magnum(["cluster", "create", "c1", "--cluster-template", "k8s", "--node-count", &nodes, "--watch"]))?;
    sh::run(&mut server.magnum(["node", "list", "c1"]))?;

    step("using it");
    let kubectl = Kubectl::new(server, "c1")?;
    show(&kubectl, &["get", "nodes", "-o", "wide"])?;
    kubectl.apply(WEB)?;
    let pods = kubectl.pods("app=web", 2)?;
    show(&kubectl, &["get", "pods", "-o", "wide"])?;
    pods_talk(&kubectl, &pods, true)?;

    step("breaking it: node-1 drops the overlay's packets");
    let rule = ["INPUT", "-p", "udp", "--dport", "8472", "-j", "DROP"];
    node_exec(server, "node-1", &["iptables", "-I"], &rule)?;
    pods_talk(&kubectl, &pods, false)?;
    doctor(server, 1, Some("fl-udp-port-blocked"))?;

    step("healing it, as the doctor says");
    node_exec(server, "node-1", &["iptables", "-D"], &rule)?;
    pods_talk(&kubectl, &pods, true)?;
    doctor(server, 0, None)?;

    step("deleting it");
    sh::run(&mut server.magnum(["cluster", "delete", "c1", "--watch"]))
}

fn step(text: &str) {
    eprintln!();
    sh::say(&format!("— {text} —"));
}

fn node_exec(server: &Server, node: &str, program: &[&str], rest: &[&str]) -> Result<()> {
    let mut command = server.magnum(["node", "exec", "c1", node, "--"]);
    command.args(program).args(rest);
    eprintln!("$ magnum node exec c1 {node} -- {} {}", program.join(" "), rest.join(" "));
    sh::run(&mut command)
}

fn doctor(server: &Server, exit: i32, cause: Option<&str>) -> Result<()> {
    eprintln!("$ magnum doctor c1");
    let started = Instant::now();
    let output = server.magnum(["doctor", "c1"]).output().context("running the doctor")?;
    let text = String::from_utf8_lossy(&output.stdout);
    eprintln!("{text}(answered in {:.1} s, exit {:?})", started.elapsed().as_secs_f64(), output.status.code());
    ensure!(output.status.code() == Some(exit), "the doctor should have ended with {exit}: {}", String::from_utf8_lossy(&output.stderr));
    if let Some(id) = cause {
        ensure!(text.contains(id), "the doctor should have named {id}");
    }
    Ok(())
}

fn show(kubectl: &Kubectl, args: &[&str]) -> Result<()> {
    eprintln!("$ kubectl {}", args.join(" "));
    sh::run(&mut kubectl.command(args))
}

fn pods_talk(kubectl: &Kubectl, pods: &[Pod], wanted: bool) -> Result<()> {
    let [from, to] = pods else { bail!("not two pods: {pods:?}") };
    kubectl.ping(from, &to.address, wanted)?;
    eprintln!("pod {} on {} {} pod {} on {}", from.name, from.node, if wanted { "reaches" } else { "does not reach" }, to.name, to.node);
    Ok(())
}
