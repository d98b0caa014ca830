// SPDX-License-Identifier: Apache-2.0
//! A pod on the host's network does not use the cluster's DNS.
//!
//! ## What you see
//! One pod cannot resolve names of services, or waits five seconds for each; other pods resolve them at once.
//!
//! ## Why it happens
//! The pod uses the network of its node (`hostNetwork`) with the DNS policy `ClusterFirst`. For such pods that policy means the node's own name
//! servers, which know no service.
//!
//! ## What to do
//! Set `dnsPolicy: ClusterFirstWithHostNet` if the pod needs names of the cluster.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Class, CoeKind, Finding, Layer, Rule, Subject, Verdict, blind, fires, need, quiet};
use magnum_facts::Facts;
use magnum_facts::coe::{KubernetesFacts, Pod};

pub static RULE: Rule = Rule {
    id: "dns-policy-ndots",
    layer: Layer::Dns,
    class: Class::Risk,
    coe: CoeKind::Kubernetes,
    guide: "L321-376",
    symptoms: &["S7"],
    needs: &[KubernetesFacts::PODS],
    set_so: true,
    check,
    cases: &[
        fires("on the host's network, with the policy of other pods", || with_policy(true, "ClusterFirst")),
        quiet("with the policy meant for it", || with_policy(true, "ClusterFirstWithHostNet")),
        quiet("on the pods' network", || with_policy(false, "ClusterFirst")),
        quiet("a part of the system, which needs no such names", || {
            with_policy(true, "ClusterFirst")
                .with(|f| f.kubernetes.pods.value_mut().into_iter().flatten().for_each(|p| p.namespace = "kube-system".into()))
        }),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    not_injected: "a pod with this policy works as it is described, so this is a warning; tests on clusters bring about causes",
    ..Rule::BASE
};

fn with_policy(host: bool, policy: &str) -> Scene {
    kubernetes(1, 2).change_pod("web-1", |p| (p.host_network, p.dns_policy) = (host, policy.to_owned()))
}

fn check(facts: &Facts) -> Verdict {
    let pods = match need(&facts.kubernetes.pods, KubernetesFacts::PODS) {
        Ok(pods) => pods,
        Err(stop) => return Verdict::cluster(Err(stop)),
    };
    let odd = |p: &&Pod| p.host_network && p.dns_policy == "ClusterFirst" && p.namespace != "kube-system" && p.deleting_since.is_none();
    let findings = pods.value.iter().filter(odd).map(|pod| {
        let subject = Subject::Object { what: "pod".into(), name: pod.path(), nodes: pod.node.clone().into_iter().collect() };
        Finding::warning(subject, format!("The pod {} is on its node's network and does not ask the cluster's DNS.", pod.path()))
            .because(
                "for such pods, ClusterFirst means the node's name servers",
                [pods.cite(pod.path(), "hostNetwork, dnsPolicy: ClusterFirst")],
            )
            .fix("Set dnsPolicy to ClusterFirstWithHostNet if it needs names of services.")
            .run(Command::new(Risk::ReadOnly, format!("kubectl -n {} exec {} -- cat /etc/resolv.conf", pod.namespace, pod.name)))
    });
    Verdict { findings: findings.collect(), blind: Vec::new() }
}
