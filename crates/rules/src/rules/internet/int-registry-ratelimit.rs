// SPDX-License-Identifier: Apache-2.0
//! A registry allows no more pulls for now.
//!
//! ## What you see
//! Some pods stay in `ImagePullBackOff` with "429 Too Many Requests" or "toomanyrequests", others start; later it works again.
//!
//! ## Why it happens
//! Public registries count pulls by address, and all nodes behind one router share one. A large cluster, or many small ones, use up what
//! is allowed.
//!
//! ## What to do
//! Use a mirror (`container_infra_prefix`, `insecure_registry`), log in to the registry, or wait until the count begins anew.

use crate::fixture::kubernetes;
use crate::stub_registry::{END_REGISTRY, pull_on_node, stub_registry};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_pull, fires, quiet};
use magnum_facts::Facts;
use magnum_facts::coe::KubernetesFacts;

pub static RULE: Rule = Rule {
    id: "int-registry-ratelimit",
    layer: Layer::Internet,
    coe: CoeKind::Kubernetes,
    guide: "L119-183",
    symptoms: &["S1", "S6", "S19"],
    needs: &[KubernetesFacts::PODS, KubernetesFacts::EVENTS],
    explains: &["kp-no-endpoints", "wl-pull-auth"],
    check,
    cases: &[
        fires("429", || kubernetes(1, 2).waiting("web-0", "ErrImagePull", "unexpected status code [manifests 1]: 429 Too Many Requests")),
        fires("Docker Hub's words", || {
            kubernetes(1, 2).waiting("web-0", "ErrImagePull", "toomanyrequests: You have reached your pull rate limit.")
        }),
        quiet("a login is missing", || kubernetes(1, 2).waiting("web-0", "ErrImagePull", "unexpected status code: 401 Unauthorized")),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    inject: &[stub_registry!("429 Too Many Requests", after a line), pull_on_node!("popular", "127.0.0.1:5000/library/popular:1")],
    undo: &[Act::Kubectl { argv: &["delete", "pod", "popular", "--force", "--grace-period=0"], stdin: "" }, END_REGISTRY],
    ..Rule::BASE
};

fn check(facts: &Facts) -> Verdict {
    each_pull(facts, |pull| {
        let (text, said) = pull.says(&["429", "toomanyrequests", "too many requests", "pull rate limit"]).ok_or(Stop::Quiet)?;
        let registry = pull.registry();
        Ok(Finding::cause(
            pull.subject(),
            format!(
                "The registry {registry} allows no more pulls for now; {} is not pulled; waiting for it: {}.",
                pull.image,
                pull.names()
            ),
        )
        .because(format!("the registry says so: {text}"), [said])
        .independent_if(true)
        .fix(
            "Pull through a mirror (label container_infra_prefix), log in to the registry with a pull secret, or wait: it is tried again.",
        ))
    })
}
