// SPDX-License-Identifier: Apache-2.0
//! The API server has no certificate that etcd accepts.
//!
//! ## What you see
//! kube-apiserver does not become ready and ends after a while; etcd is healthy and writes "rejected connection": "client didn't provide a
//! certificate", or "certificate signed by unknown authority".
//!
//! ## Why it happens
//! etcd asks for client certificates (`--client-cert-auth`), and the API server has no `--etcd-certfile`, or one of another authority:
//! certificates were made anew on one side only, or flags were lost in an upgrade.
//!
//! ## What to do
//! Give the API server a client certificate of etcd's authority with `--etcd-certfile` and `--etcd-keyfile`, and restart it.

use crate::fixture::{Scene, crashed, kubernetes, log};
use crate::journal::fresh_line;
use crate::member::quoted;
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, NodeAsk, Rule, Stop, Verdict, blind, fires, masters, need, quiet, when};
use magnum_facts::node::NodeFacts;
use magnum_facts::{Citation, Facts};

const LINE: &str = r#"{"level":"warn","ts":"2025-10-09T08:53:18.292Z","caller":"embed/config_logging.go:287","msg":"rejected connection","remote-addr":"10.0.0.10:43542","server-name":"","error":"tls: client didn't provide a certificate"}"#;
const TEXT: &str = "tls: ";

pub static RULE: Rule = Rule {
    id: "etcd-client-auth",
    layer: Layer::Etcd,
    coe: CoeKind::Kubernetes,
    guide: "L380, L390",
    symptoms: &["S2", "S5", "S17", "S20"],
    needs: &[NodeFacts::UNITS, NodeFacts::JOURNALS, NodeFacts::PROCESSES],
    explains: &["kcp-*", "kn-*", "kp-*", "dns-*"],
    not_if: &["etcd-not-running", "tls-*"],
    check,
    cases: &[
        fires("no certificate at all", || no_certificate(true)),
        quiet("a stranger knocks at etcd, the API server has its certificate", || no_certificate(false)),
        quiet("the API server is down for another reason", || {
            kubernetes(1, 2).unit("master-0", "kube-apiserver", crashed(1, "Error: unknown flag: --no-such-flag")).api_dark()
        }),
        blind("the master cannot be read", || kubernetes(1, 2).node_dark("master-0").api_dark()),
    ],
    inject: &[Act::On {
        node: "master-0",
        argv: &[
            "bash",
            "-c",
            "mkdir -p /run/systemd/system/kube-apiserver.service.d; { echo '[Service]'; echo ExecStart=; sed -n '/^ExecStart/,/[^\\\\]$/p' \
             /etc/systemd/system/kube-apiserver.service | sed '/etcd-certfile/d;/etcd-keyfile/d'; } > \
             /run/systemd/system/kube-apiserver.service.d/50-bare.conf; systemctl daemon-reload; systemctl restart kube-apiserver",
        ],
    }],
    undo: &[Act::On {
        node: "master-0",
        argv: &[
            "bash",
            "-c",
            "rm -r /run/systemd/system/kube-apiserver.service.d; systemctl daemon-reload; systemctl restart kube-apiserver",
        ],
    }],
    ..Rule::BASE
};

fn no_certificate(bare: bool) -> Scene {
    let scene = kubernetes(1, 2).says("master-0", "etcd", &[LINE]);
    if !bare {
        return scene.process("master-0", "kube-apiserver", |p| p.argv.push("--etcd-certfile=/etc/etcd/pki/root.crt".into()));
    }
    scene.unit("master-0", "kube-apiserver", log(crashed(1, ""), &["connecting to etcd: context deadline exceeded"])).api_dark()
}

/// What is known of the certificate the API server shows to etcd: where it is named, or that it is not.
fn certificate(n: &NodeAsk<'_>) -> Result<(Option<String>, Option<Citation>), Stop> {
    let processes = need(&n.node.processes, NodeFacts::PROCESSES)?;
    if let Some(process) = processes.value.iter().find(|p| p.unit == "kube-apiserver") {
        let file = process.flag("etcd-certfile").map(str::to_owned);
        let words = process.argv.iter().filter(|w| w.starts_with("--etcd")).cloned().collect::<Vec<_>>().join(" ");
        return Ok((file, Some(processes.cite("kube-apiserver", if words.is_empty() { "no --etcd flags".to_owned() } else { words }))));
    }
    Ok((None, None))
}

fn check(facts: &Facts) -> Verdict {
    masters(facts, |n| {
        let server = n.unit("kube-apiserver")?;
        when(n.member.came_up())?;
        let (file, named) = certificate(&n)?;
        when(!server.is_up() || (named.is_some() && file.is_none()) || server.restarts > 0)?;
        let etcd = n.unit("etcd")?;
        let from = format!("\"remote-addr\":\"{}:", n.member.address.ok_or(Stop::Quiet)?);
        let refused = |l: &str| l.contains("rejected connection") && l.contains(&from) && l.contains(TEXT);
        let line = fresh_line(&etcd, refused).ok_or_else(|| n.unheard())?;
        let name = n.name;
        let lone = facts.cluster.masters().count() == 1;
        let what =
            if file.is_none() && named.is_some() { "shows etcd no certificate" } else { "shows etcd a certificate it does not accept" };
        let finding = Finding::cause(n.subject(), format!("The API server on {name} {what} and gets no data."))
            .because("etcd refuses connections from its own node", [quoted(&etcd, "etcd", line)]);
        let finding = named.into_iter().fold(finding, |f, c| match &file {
            Some(file) => f.because(format!("the API server shows {file}"), [c]),
            None => f.because("the API server was started without --etcd-certfile", [c]),
        });
        Ok(finding
            .because(format!("etcd itself is {}", etcd.state_text()), [etcd.cite("etcd", etcd.state_text())])
            .hides_if(lone, None, "kubernetes.")
            .spreads_if(lone)
            .fix("Start the API server with --etcd-certfile and --etcd-keyfile of a certificate that etcd's authority signed.")
            .run(Command::new(Risk::ReadOnly, n.exec("systemctl cat kube-apiserver")))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl restart magnum-agent"))))
    })
}
