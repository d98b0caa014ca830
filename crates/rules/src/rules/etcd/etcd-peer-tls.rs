// SPDX-License-Identifier: Apache-2.0
//! The other members of etcd do not accept a member's certificate.
//!
//! ## What you see
//! etcd on one master runs but never becomes ready. The others' journals say "rejected connection" with its address and an x509 text:
//! "certificate signed by unknown authority", "certificate has expired", "doesn't contain any IP SANs".
//!
//! ## Why it happens
//! Its peer certificate is of another authority than theirs, has run out, or was made for another address: certificates were made anew on
//! one master only, or a member was rebuilt with another CA.
//!
//! ## What to do
//! Make its peer certificate anew with the cluster's CA, for its own address, and restart etcd there.

use crate::fixture::{Scene, kubernetes, log, starting};
use crate::journal::fresh_line;
use crate::member::{ill_etcd, quoted, with_others};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, NodeAsk, Rule, Stop, Verdict, Ward, blind, fires, masters, quiet};
use magnum_facts::node::NodeFacts;
use magnum_facts::{Citation, Facts};

const LINE: &str = r#"{"level":"warn","ts":"2025-10-09T08:53:18.292Z","caller":"embed/config_logging.go:287","msg":"rejected connection","remote-addr":"10.0.0.12:59672","server-name":"","error":"tls: failed to verify client certificate: x509: certificate signed by unknown authority"}"#;

pub static RULE: Rule = Rule {
    id: "etcd-peer-tls",
    layer: Layer::Etcd,
    coe: CoeKind::Kubernetes,
    guide: "L380",
    symptoms: &["S2", "S5", "S17"],
    needs: &[NodeFacts::UNITS, NodeFacts::JOURNALS, NodeFacts::ETCD],
    explains: &["etcd-not-running", "kcp-*", "fl-*", "kn-*", "kp-*"],
    not_if: &["nv-shutoff", "tls-expired"],
    check,
    cases: &[
        fires("the others refuse its certificate", refused),
        quiet("it was so once, and runs now", || kubernetes(3, 1).says("master-0", "etcd", &[LINE])),
        quiet("it waits for others that say nothing", || kubernetes(3, 1).unit("master-2", "etcd", starting())),
        blind("the master cannot be read", || kubernetes(3, 1).node_dark("master-2")),
    ],
    inject: &[Act::On {
        node: "master-2",
        argv: &[
            "bash",
            "-c",
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout /run/foreign.key -out /run/foreign.crt \
             -days 30 -subj /CN=foreign; mkdir -p /run/systemd/system/etcd.service.d; { echo '[Service]'; echo ExecStart=; \
             sed -n '/^ExecStart/,/log-level/p' /etc/systemd/system/etcd.service | sed 's,/etc/etcd/pki/peer,/run/foreign,'; } > \
             /run/systemd/system/etcd.service.d/50-foreign.conf; systemctl daemon-reload; systemctl restart --no-block etcd",
        ],
    }],
    undo: &[Act::On {
        node: "master-2",
        argv: &[
            "bash",
            "-c",
            "rm -r /run/systemd/system/etcd.service.d /run/foreign.key /run/foreign.crt; systemctl daemon-reload; systemctl restart etcd",
        ],
    }],
    ward: Ward::Masters,
    ..Rule::BASE
};

fn refused() -> Scene {
    kubernetes(3, 1).unit("master-2", "etcd", log(starting(), &["no leader yet"])).says("master-0", "etcd", &[LINE])
}

/// What another member says of this one's certificate; blind when nobody says so and the journal of one is not read.
fn refusal(n: &NodeAsk<'_>) -> Result<(String, &'static str, Citation), Stop> {
    let from = format!("\"remote-addr\":\"{}:", n.member.address.ok_or(Stop::Quiet)?);
    let others = || n.all.cluster.masters().filter(|m| m.name != n.name).filter_map(|m| NodeAsk::of(n.all, m));
    let refusal = others().find_map(|other| {
        let unit = other.unit("etcd").ok()?;
        let line = fresh_line(&unit, |l| l.contains("rejected connection") && l.contains(&from) && l.contains("tls: "))?;
        let why = if line.contains("unknown authority") { "it is of an authority they do not know" } else { "see what they say of it" };
        Some((other.name.to_owned(), why, quoted(&unit, "etcd", line)))
    });
    let unheard = || others().map(|other| other.unheard()).find(|stop| matches!(stop, Stop::Blind { .. })).unwrap_or(Stop::Quiet);
    refusal.ok_or_else(unheard)
}

fn check(facts: &Facts) -> Verdict {
    masters(facts, |n| {
        let unit = ill_etcd(&n)?;
        let (peer, why, citation) = refusal(&n)?;
        let name = n.name;
        let finding = Finding::cause(n.subject(), format!("The other members do not accept the certificate of etcd on {name}: {why}."))
            .because(format!("{peer} ends its connections while they are being made"), [citation])
            .because(format!("etcd on {name} is {}", unit.state_text()), [unit.cite("etcd", unit.state_text())])
            .fix(format!("Make the peer certificate of {name} anew with the cluster's CA and restart etcd there."))
            .run(Command::new(Risk::ReadOnly, n.exec("openssl x509 -noout -issuer -dates -ext subjectAltName -in /etc/etcd/pki/peer.crt")))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl restart magnum-agent etcd")));
        Ok(with_others(finding, facts))
    })
}
