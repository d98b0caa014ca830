// SPDX-License-Identifier: Apache-2.0
//! Two faults at the same time on a real cluster: both are named as causes, the lower layer first, nothing else is
//! accused, every claim has evidence, and the cluster is healthy when both are mended.

#![allow(clippy::print_stdout)] // the table

use anyhow::{Context, Result, ensure};
use magnum_rules::{Act, Class, Entry, Ward};
use magnum_testkit::patient::{self, Diagnosis, Patient, Section, brief, grounded, ids, rule};
use magnum_testkit::{Server, dist_dir, wait};
use magnum_types::Coe;
use std::time::{Duration, Instant};

/// One of the two faults: its id, and the node to do it to instead of the one that the rule itself takes.
type Fault = (&'static str, Option<&'static str>);

/// Two faults without a true relation between them, brought about in this order.
struct Pair(Fault, Fault);

const fn pair(a: &'static str, b: &'static str) -> Pair {
    Pair((a, None), (b, None))
}

/// As `pair`, the first on another node.
const fn apart(a: &'static str, node: &'static str, b: &'static str) -> Pair {
    Pair((a, Some(node)), (b, None))
}

const KUBERNETES: &[Pair] = &[
    pair("wl-pull-notfound", "fl-udp-port-blocked"),
    pair("tls-expired", "kp-down"),
    apart("cr-daemon-down", "node-0", "fl-not-running"),
    pair("kcp-scheduler-down", "dns-coredns-down"),
    pair("int-dns-unreachable", "wl-crashloop"),
    pair("wl-config-missing", "etcd-advertise-wrong"),
    pair("kcp-controller-manager-down", "int-mtu-pmtud"),
    pair("wl-oomkilled", "kp-service-cidr-clash"),
    pair("boot-agent-creds-lost", "kcp-scheduler-down"),
    pair("nt-mtu-physical", "tls-expired"),
    pair("wl-pending-pvc", "cr-limits"),
    pair("kn-kubelet-down", "dns-upstream-fail"),
    pair("kp-hairpin", "fl-br-netfilter"),
    pair("nv-shutoff", "kcp-scheduler-down"),
    pair("wl-quota-limitrange", "nt-sg-port-blocked"),
    pair("kcp-webhook-blocking", "fl-wrong-iface"),
    apart("cr-pause-image", "node-0", "fl-cni-conflict"),
    apart("tls-key-mismatch", "node-0", "fl-mtu"),
    pair("boot-rootfs-full", "kp-cluster-cidr"),
    pair("cr-daemon-down", "kcp-apiserver-down"),
    pair("int-dns-partial", "etcd-not-running"),
    apart("kp-iptables-backend-mix", "node-0", "nt-duplicate-ip"),
    pair("wl-pending-constraints", "int-no-egress"),
    pair("wl-drain-blocked", "kp-node-name"),
];

const SWARM: &[Pair] = &[
    pair("sw-task-no-node", "sw-port-4789"),
    pair("int-dns-partial", "sw-overlay-overlap"),
    pair("tls-expired", "sw-engine-down"),
    pair("sw-task-rejected", "nt-mtu-physical"),
    apart("int-dns-unreachable", "node-0", "sw-port-7946"),
    apart("cr-live-restore", "node-0", "sw-node-availability"),
];

/// A fault that is to be brought about on a certain node.
struct Case {
    entry: &'static Entry,
    inject: Vec<Act>,
    undo: Vec<Act>,
}

impl Case {
    fn new((id, node): Fault) -> Result<Self> {
        let entry = rule(id)?;
        ensure!(!entry.rule.inject.is_empty() && entry.rule.ward == Ward::Small, "{id} cannot be brought about here");
        ensure!(entry.rule.class == Class::Fault, "{id} is only a risk");
        let there = |acts: &[Act]| acts.iter().map(|act| node.map_or(*act, |node| moved(act, node))).collect();
        Ok(Self { entry, inject: there(entry.rule.inject), undo: there(entry.rule.undo) })
    }

    /// What orders findings of one kind in a report.
    fn order(&self) -> (magnum_rules::Layer, &'static str) {
        (self.entry.rule.layer, self.entry.rule.id)
    }
}

/// The same act on another node: rules choose node-1, or node-0 against node-1.
fn moved(act: &Act, node: &'static str) -> Act {
    let words = |argv: &[&'static str]| -> &'static [&'static str] {
        argv.iter().map(|word| -> &'static str { word.replace("node-1", node).leak() }).collect::<Vec<_>>().leak()
    };
    match *act {
        Act::On { argv, .. } => Act::On { node, argv: words(argv) },
        Act::Until { argv, seconds, .. } => Act::Until { node, argv: words(argv), seconds },
        Act::Kubectl { argv, stdin } => Act::Kubectl { argv: words(argv), stdin: stdin.replace("node-1", node).leak() },
        Act::KubectlUntil { argv, contains, seconds } => Act::KubectlUntil { argv: words(argv), contains, seconds },
        Act::PowerOff { .. } => Act::PowerOff { node },
        Act::PortDrop { protocol, port, .. } => Act::PortDrop { node, protocol, port },
        Act::Converge => Act::Converge,
    }
}

fn one(ward: &Patient<'_>, cases: &[Case; 2]) -> Result<Duration> {
    let mut wanted: Vec<&Case> = cases.iter().collect();
    wanted.sort_by_key(|case| case.order());
    let wanted: Vec<&str> = wanted.iter().map(|case| case.entry.rule.id).collect();
    let injected = cases.iter().try_for_each(|case| case.inject.iter().try_for_each(|act| ward.act(act))).context("injecting");
    let mut last = None;
    let named = injected.and_then(|()| named(ward, &wanted, &mut last));
    let named = named.with_context(|| last.as_ref().map_or_else(String::new, |seen: &Diagnosis| brief(&seen.report)));
    // The second first: what it was done with may need what the first took away.
    let undone = cases.iter().rev().map(|case| ward.act_all(&case.undo).with_context(|| format!("undoing {}", case.entry.rule.id)));
    let undone: Vec<Result<()>> = undone.collect();
    let healthy = ward.healthy(&format!("after {wanted:?} were undone"));
    let took = named?;
    undone.into_iter().collect::<Result<Vec<()>>>()?;
    healthy?;
    grounded(&last.context("no diagnosis")?.report)?;
    Ok(took)
}

/// Asks until both are named, and nothing else.
fn named(ward: &Patient<'_>, wanted: &[&str], last: &mut Option<Diagnosis>) -> Result<Duration> {
    wait(Duration::from_secs(60), &format!("{wanted:?} are the causes, in this order"), || {
        let seen = last.insert(ward.diagnose()?);
        Ok((seen.exit == 1 && ids(&seen.report, "cause") == wanted).then_some(seen.took))
    })
}

/// Without `--full`, at most this many pairs of each table.
const SAMPLE: usize = 2;

/// The pairs to bring about; `MAGNUM_TEST_RULES=id,…` names those with one of these in them.
fn chosen(pairs: &[Pair]) -> Vec<&Pair> {
    let names = std::env::var("MAGNUM_TEST_RULES").unwrap_or_default();
    let has = |pair: &&Pair| names.split(',').any(|name| name == pair.0.0 || name == pair.1.0);
    match (names.is_empty(), patient::full()) {
        (false, _) => pairs.iter().filter(has).collect(),
        (true, true) => pairs.iter().collect(),
        (true, false) => pairs.iter().take(SAMPLE).collect(),
    }
}

fn suite(coe: Coe, pairs: &[Pair]) -> Result<()> {
    let server = Server::start(&dist_dir()?)?;
    let ward = Patient::admit(&server, coe.as_str(), Ward::Small)?;
    let chosen = chosen(pairs);
    let mut failures = Vec::new();
    for Pair(a, b) in &chosen {
        let started = Instant::now();
        let outcome = one(&ward, &[Case::new(*a)?, Case::new(*b)?]);
        let names = [a, b].map(|(id, node)| node.map_or((*id).to_owned(), |node| format!("{id} ({node})")));
        let whole = started.elapsed().as_secs_f64();
        let (word, took) = outcome.as_ref().map_or(("**no**", "–".to_owned()), |took| ("yes", format!("{:.1} s", took.as_secs_f64())));
        println!("{:<36} {:<32} {word} {took} ({whole:.0} s with mending)", names[0], names[1]);
        patient::record(Section::Doubles, &format!("| {coe} | {} | {} | {word} | {took} |", names[0], names[1]))?;
        if let Err(error) = outcome {
            println!("    {error:#}");
            failures.push(format!("{names:?}: {error:#}"));
        }
    }
    println!("{} of {} pairs named", chosen.len() - failures.len(), chosen.len());
    ensure!(failures.is_empty(), "{} of {} pairs:\n{}", failures.len(), chosen.len(), failures.join("\n"));
    Ok(())
}

#[test]
fn two_faults_of_a_kubernetes_cluster_are_both_named() -> Result<()> {
    suite(Coe::Kubernetes, KUBERNETES)
}

#[test]
fn two_faults_of_a_swarm_cluster_are_both_named() -> Result<()> {
    suite(Coe::Swarm, SWARM)
}
