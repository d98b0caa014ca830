// SPDX-License-Identifier: Apache-2.0
//! The cluster's DNS cannot resolve names outside the cluster.
//!
//! ## What you see
//! Names of services resolve in pods, names of the world outside do not; on the nodes themselves they do.
//!
//! ## Why it happens
//! The cluster's DNS passes other names on to servers that do not answer: they were given wrongly, or have gone.
//!
//! ## What to do
//! Give the cluster's DNS the name servers that the nodes use.

use crate::fixture::{kubernetes, stopped};
use crate::report::{Command, Confidence, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, fires, masters, need, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::{Lookup, NodeFacts, ServerRole};
use std::net::Ipv4Addr;

pub static RULE: Rule = Rule {
    id: "dns-upstream-fail",
    layer: Layer::Dns,
    coe: CoeKind::Kubernetes,
    guide: "L321-376",
    symptoms: &["S7"],
    needs: &[NodeFacts::LOOKUPS],
    not_if: &["nv-shutoff", "int-dns-unreachable", "int-dns-partial", "dns-coredns-down"],
    check,
    cases: &[
        fires("it passes on to a server that is not there", || {
            kubernetes(1, 2).unanswered("master-0", ServerRole::Upstream, "").with(|f| {
                let all = f.nodes.get_mut("master-0").and_then(|n| n.lookups.value_mut()).into_iter().flatten();
                all.filter(|l| l.role == ServerRole::Upstream).for_each(|l| l.server = Ipv4Addr::new(192, 0, 2, 53));
            })
        }),
        quiet("no name server answers the node itself either", || {
            kubernetes(1, 2).unanswered("master-0", ServerRole::Upstream, "").unanswered("master-0", ServerRole::Node, "")
        }),
        quiet("the cluster's DNS does not run", || kubernetes(1, 2).unit("master-0", "kube-dns", stopped())),
        blind("the master cannot be read", || kubernetes(1, 2).node_dark("master-0")),
    ],
    inject: &[
        Act::On { node: "master-0", argv: &["sh", "-c", WRONG_SERVER] },
        Act::On { node: "master-0", argv: &["systemctl", "restart", "kube-dns"] },
    ],
    undo: &[
        Act::On { node: "master-0", argv: &["sh", "-c", "rm -r /run/systemd/system/kube-dns.service.d; systemctl daemon-reload"] },
        Act::On { node: "master-0", argv: &["systemctl", "restart", "kube-dns"] },
    ],
    ..Rule::BASE
};

/// A drop-in with the command line of the running server, but for the server it passes on to.
const WRONG_SERVER: &str = "d=/run/systemd/system/kube-dns.service.d; mkdir -p $d; words=$(tr '\\0' ' ' < /proc/$(cat /run/kube-dns/dnsmasq.pid)/cmdline | \
sed 's/--server=[^ ]*/--server=192.0.2.53/g'); printf '[Service]\\nExecStart=\\nExecStart=%s\\n' \"$words\" > $d/50-server.conf; systemctl daemon-reload";

fn check(facts: &Facts) -> Verdict {
    masters(facts, |n| {
        let lookups = need(&n.node.lookups, NodeFacts::LOOKUPS)?;
        let of = |role: ServerRole| lookups.value.iter().filter(move |l| l.role == role);
        let bad = |l: &Lookup| !l.answered() || l.rcode == "SERVFAIL" || l.rcode == "REFUSED";
        let first = of(ServerRole::Upstream).next().ok_or(Stop::Quiet)?;
        when(of(ServerRole::Upstream).all(bad))?;
        let good = of(ServerRole::Node).find(|l| !bad(l)).ok_or(Stop::Quiet)?;
        let said = |l: &Lookup| if l.answered() { l.rcode.clone() } else { l.error.clone() };
        let cite = |l: &Lookup| lookups.cite(format!("{} {}", l.server, l.protocol), said(l));
        let summary = format!("The cluster's DNS passes other names on to {}, which does not resolve them.", first.server);
        Ok(Finding::cause(n.subject(), summary)
            .spreads_if(true)
            .spares_api()
            .confidence(Confidence::Reproduced)
            .because(format!("{} was asked for {}: {}", first.server, first.name, said(first)), of(ServerRole::Upstream).map(cite))
            .because(format!("the node's own name server {} answers", good.server), [cite(good)])
            .fix("Give the cluster's DNS a name server that answers, as in the node's /etc/resolv.conf, and restart it.")
            .run(Command::new(Risk::ReadOnly, n.exec("systemctl cat kube-dns")))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl restart kube-dns"))))
    })
}
