// SPDX-License-Identifier: Apache-2.0
//! A kubelet and the API server are of versions that do not go together.
//!
//! ## What you see
//! After an upgrade a node is `NotReady`, or pods on it fail in ways that no other node shows.
//!
//! ## Why it happens
//! A kubelet may be at most two minor versions older than the API server, and never newer. Nodes were upgraded before the masters, or
//! were left behind for too long.
//!
//! ## What to do
//! Upgrade the masters first and then the nodes, one minor version after the other.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet};
use magnum_facts::Facts;
use magnum_facts::coe::KubernetesFacts;

pub static RULE: Rule = Rule {
    id: "kcp-version-skew",
    layer: Layer::Control,
    coe: CoeKind::Kubernetes,
    guide: "L43, L390",
    symptoms: &["S14", "S16"],
    needs: &[KubernetesFacts::API, KubernetesFacts::NODES],
    not_if: &["nv-shutoff"],
    set_so: true,
    check,
    cases: &[
        fires("the kubelet is newer", || version("v1.21.0")),
        fires("the kubelet is three versions older", || version("v1.17.9")),
        quiet("two versions older", || version("v1.18.16")),
        quiet("another patch of the same version", || version("v1.20.15+custom")),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    not_injected: "only one version of Kubernetes is built for these nodes",
    ..Rule::BASE
};

/// How many minor versions a kubelet may be behind.
const BEHIND: u32 = 2;

fn version(kubelet: &'static str) -> Scene {
    kubernetes(1, 2).with(|f| {
        for node in f.kubernetes.nodes.value_mut().into_iter().flatten().filter(|n| n.name == "node-1") {
            node.kubelet_version = kubelet.to_owned();
        }
    })
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let api = need(&facts.kubernetes.api, KubernetesFacts::API)?;
        let nodes = need(&facts.kubernetes.nodes, KubernetesFacts::NODES)?;
        let node = nodes.value.iter().find(|k| k.name == n.name).ok_or(Stop::Quiet)?;
        let (server, kubelet) = (minor(&api.version).ok_or(Stop::Quiet)?, minor(&node.kubelet_version).ok_or(Stop::Quiet)?);
        let how = match kubelet {
            newer if newer > server => "newer than".to_owned(),
            older if older + BEHIND < server => format!("{} minor versions older than", server - older),
            _ => return Err(Stop::Quiet),
        };
        let (own, its) = (&node.kubelet_version, &api.version);
        Ok(Finding::cause(n.subject(), format!("The kubelet of {} is {own}, {how} the API server ({its}); that is not supported.", n.name))
            .because("the kubelet's version", [nodes.cite(n.name, own.clone())])
            .because("the API server's version", [api.cite("version", its.clone())])
            .fix("Upgrade the masters first and then the nodes, one minor version after the other.")
            .run(Command::new(Risk::ReadOnly, "kubectl get nodes -o wide")))
    })
}

/// `v1.20.2` is 20; another major version than 1 has never been.
fn minor(version: &str) -> Option<u32> {
    version.trim_start_matches('v').strip_prefix("1.")?.split(['.', '+', '-']).next()?.parse().ok()
}
