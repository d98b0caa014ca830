// SPDX-License-Identifier: Apache-2.0
//! The overlay's settings are not in etcd.
//!
//! ## What you see
//! flanneld says `Key not found` or that etcd holds no configuration yet, and does not get ready on a node that has just started.
//!
//! ## Why it happens
//! Nobody wrote `<prefix>/config`, somebody deleted it, or it was written below another prefix than the one that flanneld reads.
//!
//! ## What to do
//! Write the settings to the key that flanneld reads.

use crate::fixture::{kubernetes, stopped, waiting};
use crate::overlay::{CONFIG, CONFIG_KEY, ETCDCTL, registry};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, NodeAsk, Rule, Subject, Verdict, blind, fires, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::{Activity, NodeFacts};

pub static RULE: Rule = Rule {
    id: "fl-config-missing",
    layer: Layer::Overlay,
    coe: CoeKind::Kubernetes,
    guide: "L256-268",
    symptoms: &["S7", "S16"],
    needs: &[NodeFacts::OVERLAY, NodeFacts::UNITS],
    explains: &["fl-not-running", "fl-cni-conf-missing", "fl-fdb-or-neigh-missing"],
    not_if: &["etcd-not-running"],
    check,
    cases: &[
        fires("it was deleted, and a node waits for it", || {
            let waits = waiting("etcd holds no overlay configuration yet");
            kubernetes(1, 2).registry(|r| (r.config, r.leases) = (None, Vec::new())).unit("node-1", "flanneld", waits)
        }),
        fires("it was deleted, nobody has noticed yet", || kubernetes(1, 2).registry(|r| (r.config, r.leases) = (None, Vec::new()))),
        quiet("it is there, flanneld is stopped", || kubernetes(1, 2).unit("node-1", "flanneld", stopped())),
        quiet("the first master has not come up yet", || {
            kubernetes(1, 2).registry(|r| r.config = None).with(|f| f.cluster.members.iter_mut().for_each(|m| m.steps.clear()))
        }),
        blind("no node can be read", || kubernetes(1, 2).node_dark("master-0").node_dark("node-0").node_dark("node-1")),
    ],
    inject: &[
        Act::On { node: "master-0", argv: &["sh", "-c", ETCDCTL, "etcdctl", "del", CONFIG_KEY] },
        Act::On { node: "node-1", argv: &["systemctl", "--no-block", "restart", "flanneld"] },
    ],
    undo: &[
        Act::On { node: "master-0", argv: &["sh", "-c", ETCDCTL, "etcdctl", "put", CONFIG_KEY, CONFIG] },
        Act::Until { node: "node-1", argv: &["systemctl", "is-active", "flanneld"], seconds: 20 },
    ],
    ..Rule::BASE
};

fn check(facts: &Facts) -> Verdict {
    Verdict::cluster((|| {
        let registry = registry(facts)?;
        when(registry.config.is_none() && facts.cluster.members.iter().any(|m| m.came_up()))?;
        let waits = facts.cluster.members.iter().filter_map(|m| NodeAsk::of(facts, m)).find_map(|n| {
            let unit = n.unit("flanneld").ok().filter(|u| u.active == Activity::Activating)?;
            Some((format!("flanneld on {} has started and is not ready", n.name), unit.cite("flanneld", unit.state_text())))
        });
        let put = format!("etcdctl put {CONFIG_KEY} '<settings>'");
        let summary = "etcd holds no settings for the overlay: no flanneld can start, and none that runs survives a restart.";
        Ok(Finding::cause(Subject::Cluster, summary)
            .because("the key <prefix>/config is not there", [registry.cite("config", "no such key")])
            .because_if(waits)
            .rules_out("fl-etcd-unreachable", "etcd answered this question", [registry.cite("config", "answered: no such key")])
            .spares_api()
            .fix("Write the settings below the prefix that flanneld reads; it goes on by itself.")
            .run(Command::new(Risk::ChangesCluster, put)))
    })())
}
