// SPDX-License-Identifier: Apache-2.0
//! A certificate on a node has expired.
//!
//! ## What you see
//! "x509: certificate has expired or is not yet valid" from `kubectl`, kubelets, etcd or Docker, all at once on one day.
//!
//! ## Why it happens
//! Certificates are made for a limited time. Nothing replaced this one before it ran out, or the node's clock is wrong.
//!
//! ## What to do
//! Check the clock first; then have the cluster's certificates made anew.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Near, Rule, Stop, Verdict, blind, each_node, fires, need, quiet};
use magnum_facts::node::{Certificate, NodeFacts};
use magnum_facts::{Citation, Facts, Look};

pub static RULE: Rule = Rule {
    id: "tls-expired",
    layer: Layer::Tls,
    coe: CoeKind::Any,
    guide: "L62",
    symptoms: &["S5", "S10", "S16", "S20"],
    needs: &[NodeFacts::CERTIFICATES],
    explains: &["kn-kubelet-cert-expired", "kn-kubelet-down", "kcp-*", "etcd-peer-tls", "kp-stale-rules"],
    not_if: &["nv-shutoff"],
    check,
    near,
    cases: &[
        fires("yesterday", || expires_in(-1)),
        quiet("in a thousand days", || kubernetes(1, 2)),
        quiet("tomorrow: that is only near", || expires_in(1)),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    inject: &[Act::On {
        node: "node-1",
        argv: &["sh", "-c", "mkdir -p /etc/kubernetes/pki && printf '%s\\n' \"$0\" > /etc/kubernetes/pki/old.crt", ENDED_IN_2016],
    }],
    undo: &[Act::On { node: "node-1", argv: &["rm", "/etc/kubernetes/pki/old.crt"] }],
    ..Rule::BASE
};

/// A self-signed certificate whose time is over.
const ENDED_IN_2016: &str = "-----BEGIN CERTIFICATE-----\n\
MIIBCDCBr6ADAgECAgEHMAoGCCqGSM49BAMCMA4xDDAKBgNVBAMMA29sZDAeFw0x\n\
NTExMDEwMDAwMDBaFw0xNjExMDEwMDAwMDBaMA4xDDAKBgNVBAMMA29sZDBZMBMG\n\
ByqGSM49AgEGCCqGSM49AwEHA0IABIGLvjGLf57zZGobG5r4j0tQO9r0xImQTZLM\n\
WDxR0js+mxH5XQqAlj3FlpEX2SE+j4wAX4+OVpdnhCnixPmKNC0wCgYIKoZIzj0E\n\
AwIDSAAwRQIhAPLE0qG+U+5WM1CtGHI3ScsFt8kPjCzV64lOv2ZFXc96AiA++Vx2\n\
b48MyqFbL7KHpeWA/iv6A+25q4KhdSKO3Zg1dA==\n\
-----END CERTIFICATE-----";

fn expires_in(days: i64) -> Scene {
    kubernetes(1, 2).with(move |f| {
        let end = f.taken_at.saturating_add(jiff::SignedDuration::from_hours(24 * days)).unwrap_or(f.taken_at);
        for certificate in f.nodes.get_mut("node-1").and_then(|n| n.certificates.value_mut()).into_iter().flatten() {
            certificate.not_after = end;
        }
    })
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let all = need(&n.node.certificates, NodeFacts::CERTIFICATES)?;
        let expired: Vec<_> = all.value.iter().filter(|c| c.not_after <= facts.taken_at).collect();
        let first = expired.iter().min_by_key(|c| c.not_after).ok_or(Stop::Quiet)?;
        let paths = expired.iter().map(|c| c.path.as_str()).collect::<Vec<_>>().join(", ");
        Ok(Finding::cause(n.subject(), format!("{} of the certificates on {} have expired: {paths}.", expired.len(), n.name))
            .because(format!("{} ended on {}", first.path, first.not_after), [cite(&all, first)])
            .fix("Check the node's clock; if it is right, remove what has expired and restart the agent: it asks for new certificates.")
            .run(Command::new(Risk::ReadOnly, n.exec("date"))))
    })
}

fn near(facts: &Facts) -> Vec<Near> {
    let first = facts.nodes.iter().filter_map(|(name, node)| {
        let all = node.certificates.look().ok()??;
        let soonest = all.value.iter().min_by_key(|c| c.not_after)?;
        Some((soonest.days_left(facts.taken_at), format!("{} on {name}", soonest.path), cite(&all, soonest)))
    });
    let first = first.min_by_key(|(days, ..)| *days);
    first
        .into_iter()
        .map(|(days, what, citation)| {
            // A year away is nothing; the last three months count.
            let percent = 100 - u8::try_from(days.clamp(0, 100)).unwrap_or(100);
            Near { text: format!("{what} expires in {days} days"), percent, evidence: vec![citation] }
        })
        .collect()
}

fn cite(all: &Look<'_, Vec<Certificate>>, certificate: &Certificate) -> Citation {
    all.cite(certificate.path.clone(), format!("{}, valid until {}", certificate.subject, certificate.not_after))
}
