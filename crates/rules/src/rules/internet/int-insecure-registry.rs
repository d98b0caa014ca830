// SPDX-License-Identifier: Apache-2.0
//! A registry speaks plain HTTP and the nodes want TLS.
//!
//! ## What you see
//! The pod stays in `ImagePullBackOff` with "server gave HTTP response to HTTPS client".
//!
//! ## Why it happens
//! Runtimes speak TLS with every registry except those on the node itself. This one has no TLS, and the runtime was not told that this
//! is wanted: docker, podman and containerd each have a setting of their own for it.
//!
//! ## What to do
//! Give the registry a certificate; or create the cluster with `--insecure-registry` (template) so that its runtimes accept it.

use crate::fixture::kubernetes;
use crate::report::{Command, Risk};
use crate::stub_registry::{END_REGISTRY, pull_on_node, stub_registry};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_pull, fires, quiet};
use magnum_facts::Facts;
use magnum_facts::coe::KubernetesFacts;

pub static RULE: Rule = Rule {
    id: "int-insecure-registry",
    layer: Layer::Internet,
    coe: CoeKind::Kubernetes,
    guide: "L119-183",
    symptoms: &["S6", "S19"],
    needs: &[KubernetesFacts::PODS, KubernetesFacts::EVENTS],
    explains: &["kp-no-endpoints"],
    check,
    cases: &[
        fires("HTTP where TLS is expected", || {
            let said = "failed to do request: Head \"https://registry.test:5000/v2/plain/manifests/1\": http: server gave HTTP response to HTTPS client";
            kubernetes(1, 2).waiting("web-0", "ErrImagePull", said)
        }),
        quiet("its certificate is not trusted", || {
            kubernetes(1, 2).waiting("web-0", "ErrImagePull", "x509: certificate signed by unknown authority")
        }),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    inject: &[
        stub_registry!("400 Bad Request"),
        Act::On { node: "node-1", argv: &["sh", "-c", "echo '127.0.0.1 registry.test' >> /etc/hosts"] },
        pull_on_node!("plain", "registry.test:5000/plain:1"),
    ],
    undo: &[
        Act::Kubectl { argv: &["delete", "pod", "plain", "--force", "--grace-period=0"], stdin: "" },
        Act::On { node: "node-1", argv: &["sed", "-i", "/registry.test/d", "/etc/hosts"] },
        END_REGISTRY,
    ],
    ..Rule::BASE
};

fn check(facts: &Facts) -> Verdict {
    each_pull(facts, |pull| {
        let (text, said) = pull.says(&["server gave http response to https client"]).ok_or(Stop::Quiet)?;
        let registry = pull.registry();
        Ok(Finding::cause(
            pull.subject(),
            format!(
                "The registry {registry} speaks plain HTTP, and the nodes want TLS; {} is not pulled; waiting for it: {}.",
                pull.image,
                pull.names()
            ),
        )
        .because(format!("it answers without TLS: {text}"), [said])
        .independent_if(true)
        .fix("Give the registry a certificate that the nodes trust, or allow it as an insecure registry in the cluster template.")
        .run(Command::new(Risk::ReadOnly, format!("curl -sS http://{registry}/v2/"))))
    })
}
