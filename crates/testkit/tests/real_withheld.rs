// SPDX-License-Identifier: Apache-2.0
//! A vantage taken away from the doctor on a real cluster, with and without a fault: never a wrong cause, never
//! "healthy" while a look that matters is missing, and the report says what could not be seen, why, and which faults
//! stay open because of it.

#![allow(clippy::print_stdout)] // the table

use anyhow::{Context, Result, ensure};
use magnum_rules::{ALL, Act, Ward};
use magnum_testkit::patient::{self, Diagnosis, Patient, Section, brief, grounded, ids, rule};
use magnum_testkit::{Server, dist_dir, wait};
use magnum_types::Coe;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// One step of taking a vantage away, with its opposite.
#[derive(Clone, Copy)]
enum Veil {
    /// A program or file on a node has another name.
    Moved(&'static str, &'static str),
    /// A program on a node is replaced by one that never ends.
    Hangs(&'static str, &'static str),
    /// What this machine sends to the cluster's API is dropped at the router.
    ApiCut,
    /// All processes of a node stand still.
    Frozen(&'static str),
    /// A node's power is cut.
    Off(&'static str),
}

impl Veil {
    fn draw(self, ward: &Patient<'_>) -> Result<()> {
        let on = |node: &str, argv: &[&str]| ward.server.exec_ok(ward.cluster, node, argv).map(drop);
        match self {
            Veil::Moved(node, path) => on(node, &["mv", path, &format!("{path}.withheld")]),
            Veil::Hangs(node, path) => {
                let script = "mv $0 $0.withheld && printf '#!/bin/sh\\nexec sleep 600\\n' > $0 && chmod 755 $0";
                on(node, &["sh", "-c", script, path])
            }
            Veil::ApiCut => {
                ward.server.router_nft(ward.cluster, &["add", "table", "inet", "withheld"])?;
                let hook = "{ type filter hook prerouting priority raw; }";
                ward.server.router_nft(ward.cluster, &["add", "chain", "inet", "withheld", "cut", hook])?;
                let words = ["add", "rule", "inet", "withheld", "cut", "iifname", "qg", "tcp", "dport", "6443", "drop"];
                ward.server.router_nft(ward.cluster, &words).map(drop)
            }
            Veil::Frozen(node) => ward.server.freeze(ward.cluster, node, true),
            Veil::Off(node) => ward.act(&Act::PowerOff { node }),
        }
    }

    fn lift(self, ward: &Patient<'_>) -> Result<()> {
        match self {
            Veil::Moved(node, path) | Veil::Hangs(node, path) => {
                ward.server.exec_ok(ward.cluster, node, &["mv", &format!("{path}.withheld"), path]).map(drop)
            }
            Veil::ApiCut => ward.server.router_nft(ward.cluster, &["delete", "table", "inet", "withheld"]).map(drop),
            Veil::Frozen(node) => ward.server.freeze(ward.cluster, node, false),
            Veil::Off(_) => ward.act(&Act::Converge),
        }
    }
}

/// Something that the doctor is kept from looking at, and the faults that are there meanwhile.
struct Withheld {
    name: &'static str,
    veils: &'static [Veil],
    /// The node that cannot be seen; None = something of the whole cluster.
    node: Option<&'static str>,
    /// One of the topics that must be told as not seen begins with this.
    topics: &'static str,
    /// The fault that it is itself, if it is one.
    itself: Option<&'static str>,
    /// An empty id = no fault.
    faults: &'static [&'static str],
}

const AGENT: &str = "/usr/local/bin/magnum-agent";

const KUBERNETES: &[Withheld] = &[
    Withheld {
        name: "the agent's program on node-1 is missing",
        veils: &[Veil::Moved("node-1", AGENT)],
        node: Some("node-1"),
        topics: "node.",
        itself: None,
        faults: &["", "fl-ip-forward", "kp-down", "tls-expired", "fl-udp-port-blocked", "wl-pull-notfound", "kn-kubelet-down"],
    },
    Withheld {
        name: "the agent on node-1 hangs",
        veils: &[Veil::Hangs("node-1", AGENT)],
        node: Some("node-1"),
        topics: "node.",
        itself: None,
        faults: &["", "fl-mtu", "cr-daemon-down", "kp-hairpin"],
    },
    Withheld {
        name: "the agent's program on master-0 is missing",
        veils: &[Veil::Moved("master-0", AGENT)],
        node: Some("master-0"),
        topics: "node.",
        itself: None,
        faults: &["", "kcp-scheduler-down", "dns-coredns-down", "etcd-nospace"],
    },
    Withheld {
        name: "this machine cannot reach the API",
        veils: &[Veil::ApiCut],
        node: None,
        topics: "kubernetes.api",
        itself: None,
        faults: &["", "wl-crashloop", "kp-down", "kcp-controller-manager-down"],
    },
    Withheld {
        name: "neither the API nor kubectl on the master",
        veils: &[Veil::ApiCut, Veil::Moved("master-0", "/usr/local/bin/kubectl")],
        node: None,
        topics: "kubernetes.",
        itself: None,
        faults: &["", "wl-pull-notfound", "kp-no-endpoints", "fl-not-running", "kcp-scheduler-down"],
    },
    Withheld {
        name: "node-1 does not answer (all its processes stand still)",
        veils: &[Veil::Frozen("node-1")],
        node: Some("node-1"),
        topics: "node.",
        itself: None,
        faults: &["", "fl-ip-forward", "int-dns-unreachable", "wl-pending-resources"],
    },
    Withheld {
        name: "the master does not answer (all its processes stand still)",
        veils: &[Veil::Frozen("master-0")],
        node: Some("master-0"),
        topics: "node.",
        itself: None,
        faults: &["", "kcp-scheduler-down", "fl-not-running"],
    },
    Withheld {
        name: "node-1 is off",
        veils: &[Veil::Off("node-1")],
        node: Some("node-1"),
        topics: "node.",
        itself: Some("nv-shutoff"),
        faults: &["", "kcp-controller-manager-down"],
    },
    Withheld {
        name: "no iptables-save on node-1",
        veils: &[Veil::Moved("node-1", "/usr/sbin/iptables-save")],
        node: Some("node-1"),
        topics: "node.firewall",
        itself: None,
        faults: &["", "fl-udp-port-blocked", "cr-forward-drop", "kp-down"],
    },
    Withheld {
        name: "no journalctl on node-1",
        veils: &[Veil::Moved("node-1", "/usr/bin/journalctl")],
        node: Some("node-1"),
        topics: "node.journals",
        itself: None,
        faults: &["", "kn-kubelet-down", "kp-node-name", "cr-pause-image", "cr-limits"],
    },
    Withheld {
        name: "no ctr on node-1",
        veils: &[Veil::Moved("node-1", "/usr/bin/ctr")],
        node: Some("node-1"),
        topics: "node.",
        itself: None,
        faults: &["", "cr-hung", "kp-cluster-cidr"],
    },
    Withheld {
        name: "no ip on node-1",
        veils: &[Veil::Moved("node-1", "/usr/bin/ip")],
        node: Some("node-1"),
        topics: "node.",
        itself: None,
        faults: &["", "nt-mtu-physical", "fl-wrong-iface"],
    },
];

const SWARM: &[Withheld] = &[
    Withheld {
        name: "the agent's program on master-0 is missing",
        veils: &[Veil::Moved("master-0", AGENT)],
        node: Some("master-0"),
        topics: "node.",
        itself: None,
        faults: &["", "sw-overlay-overlap", "sw-task-no-node"],
    },
    Withheld {
        name: "no docker on the manager",
        veils: &[Veil::Moved("master-0", "/usr/bin/docker")],
        node: None,
        topics: "swarm.",
        itself: None,
        faults: &["", "sw-task-rejected", "sw-engine-down"],
    },
    Withheld {
        name: "node-1 does not answer (all its processes stand still)",
        veils: &[Veil::Frozen("node-1")],
        node: Some("node-1"),
        topics: "node.",
        itself: None,
        faults: &["", "sw-port-4789"],
    },
];

/// What came of one case.
struct Outcome {
    named: bool,
    open: usize,
    took: Duration,
}

fn one(ward: &Patient<'_>, withheld: &Withheld, fault: &str) -> Result<Outcome> {
    let known = if fault.is_empty() { None } else { Some(rule(fault)?.rule) };
    let (inject, undo) = known.map_or((&[][..], &[][..]), |rule| (rule.inject, rule.undo));
    let injected = inject.iter().try_for_each(|act| ward.act(act)).context("injecting");
    // With all vantages it is named: it is really there.
    let there = injected.and_then(|()| match known {
        Some(_) => wait(Duration::from_secs(60), &format!("{fault} is named"), || {
            let seen = ward.diagnose()?;
            Ok((ids(&seen.report, "cause") == [fault]).then_some(()))
        }),
        None => Ok(()),
    });
    let drawn = there.and_then(|()| withheld.veils.iter().try_for_each(|veil| veil.draw(ward)).context("withholding"));
    let seen = drawn.and_then(|()| ward.diagnose());
    let lifted: Vec<Result<()>> =
        withheld.veils.iter().rev().map(|veil| veil.lift(ward).context("giving back what was withheld")).collect();
    let undone = ward.act_all(undo).with_context(|| format!("undoing {fault}"));
    let healthy = ward.healthy(&format!("after {:?} with {fault:?}", withheld.name));
    let seen = seen?;
    let outcome = judge(withheld, fault, &seen).with_context(|| format!("exit {}, {}", seen.exit, brief(&seen.report)));
    lifted.into_iter().collect::<Result<Vec<()>>>()?;
    undone?;
    healthy?;
    outcome
}

/// Whether the report is honest about what it could not see.
fn judge(withheld: &Withheld, fault: &str, seen: &Diagnosis) -> Result<Outcome> {
    let report = &seen.report;
    grounded(report)?;
    let right: Vec<&str> = withheld.itself.into_iter().chain(Some(fault).filter(|id| !id.is_empty())).collect();
    for accused in ids(report, "cause").iter().chain(&ids(report, "suspect")) {
        ensure!(right.contains(&accused.as_str()), "{accused} is accused and is not there");
    }
    let causes = ids(report, "cause");
    let named = !fault.is_empty() && causes.iter().any(|id| id == fault);
    ensure!(withheld.itself.is_none_or(|id| causes.iter().any(|cause| cause == id)), "{:?} is not named", withheld.itself);
    let wanted = if causes.is_empty() { 3 } else { 1 };
    ensure!(seen.exit == wanted, "exit {} instead of {wanted}", seen.exit);

    let not_seen: Vec<&Value> = report["not_seen"].as_array().into_iter().flatten().collect();
    let there = |n: &&Value| match withheld.node {
        Some(node) => n["subject"]["name"] == node,
        None => true,
    };
    let topic =
        |n: &&Value| n["topics"].as_array().into_iter().flatten().any(|t| t.as_str().unwrap_or_default().starts_with(withheld.topics));
    let told = not_seen.iter().find(|n| there(n) && topic(n));
    // An API that only this machine cannot reach is told as a symptom, with all the rest seen from the master.
    let symptom = || withheld.node.is_none() && report["unexplained"].as_array().is_some_and(|all| !all.is_empty());
    ensure!(told.is_some() || symptom(), "nothing of {:?} on {:?} is told as not seen", withheld.topics, withheld.node);
    if let Some(told) = told {
        ensure!(!told["reason"].as_str().unwrap_or_default().is_empty(), "no reason: {told}");
    }
    let open: BTreeSet<&str> =
        not_seen.iter().flat_map(|n| n["faults"].as_array().into_iter().flatten()).filter_map(Value::as_str).collect();
    let all = report["checks"].as_array().into_iter().flatten().filter(|check| check["status"] != "skipped").count();
    ensure!(all > 10 && all <= ALL.len(), "{all} checks");
    ensure!(open.len() < all, "every one of {all} faults is left open: that narrows nothing");
    ensure!(fault.is_empty() || named || open.contains(fault), "{fault} is neither named nor left open; left open are {open:?}");
    Ok(Outcome { named, open: open.len(), took: seen.took })
}

/// Without `--full`, at most this many cases of each table.
const SAMPLE: usize = 4;

/// The cases to run; `MAGNUM_TEST_RULES=id,…` names those with one of these faults, or `none`.
fn chosen(table: &'static [Withheld]) -> Vec<(&'static Withheld, &'static str)> {
    let names = std::env::var("MAGNUM_TEST_RULES").unwrap_or_default();
    let has = |fault: &str| names.is_empty() || names.split(',').any(|name| name == fault || (fault.is_empty() && name == "none"));
    let each = |w: &'static Withheld| w.faults.iter().map(move |fault| (w, *fault));
    let all: Vec<_> = table.iter().flat_map(each).filter(|(_, fault)| has(fault)).collect();
    if !names.is_empty() || patient::full() {
        return all;
    }
    // From all over the table.
    let step = all.len().div_ceil(SAMPLE).max(1);
    all.into_iter().step_by(step).collect()
}

fn suite(coe: Coe, table: &'static [Withheld]) -> Result<()> {
    let server = Server::start(&dist_dir()?)?;
    let ward = Patient::admit(&server, coe.as_str(), Ward::Small)?;
    let chosen = chosen(table);
    let mut failures = Vec::new();
    for (withheld, fault) in &chosen {
        let started = Instant::now();
        let outcome = one(&ward, withheld, fault);
        let whole = started.elapsed().as_secs_f64();
        let injected = if fault.is_empty() { "none" } else { fault };
        let (word, open, took) = match &outcome {
            Ok(o) => (if o.named { "named" } else { "left open" }, o.open.to_string(), format!("{:.1} s", o.took.as_secs_f64())),
            Err(_) => ("**wrong**", "–".to_owned(), "–".to_owned()),
        };
        let word = if fault.is_empty() && outcome.is_ok() { "not called healthy" } else { word };
        println!("{:<58} {injected:<28} {word:<18} {open:>3} open {took} ({whole:.0} s)", withheld.name);
        patient::record(Section::Withheld, &format!("| {coe} | {} | {injected} | {word} | {open} | {took} |", withheld.name))?;
        if let Err(error) = outcome {
            println!("    {error:#}");
            failures.push(format!("{} with {injected}: {error:#}", withheld.name));
        }
    }
    println!("{} of {} cases right", chosen.len() - failures.len(), chosen.len());
    ensure!(failures.is_empty(), "{} of {} cases:\n{}", failures.len(), chosen.len(), failures.join("\n"));
    Ok(())
}

#[test]
fn a_kubernetes_cluster_seen_in_part_is_judged_in_part() -> Result<()> {
    suite(Coe::Kubernetes, KUBERNETES)
}

#[test]
fn a_swarm_cluster_seen_in_part_is_judged_in_part() -> Result<()> {
    suite(Coe::Swarm, SWARM)
}
