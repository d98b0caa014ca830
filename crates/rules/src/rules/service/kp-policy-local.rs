// SPDX-License-Identifier: Apache-2.0
//! A service answers only on the nodes that its pods are on.
//!
//! ## What you see
//! A NodePort works on some nodes and hangs on the others; which ones changes when pods move.
//!
//! ## Why it happens
//! The service's `externalTrafficPolicy` is `Local`: a node without a pod of the service drops what comes to its port. That is as configured,
//! and right behind a load balancer that asks the health check port; without one it looks like a broken node.
//!
//! ## What to do
//! Set the policy to `Cluster`, or have whatever sends traffic ask the health check port.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Class, CoeKind, Finding, Layer, Rule, Subject, Verdict, blind, fires, need, quiet};
use magnum_facts::Facts;
use magnum_facts::coe::KubernetesFacts;
use magnum_types::Role;

pub static RULE: Rule = Rule {
    id: "kp-policy-local",
    layer: Layer::Service,
    class: Class::Risk,
    coe: CoeKind::Kubernetes,
    guide: "L321-376",
    symptoms: &["S7", "S15"],
    needs: &[KubernetesFacts::SERVICES, KubernetesFacts::ENDPOINTS],
    set_so: true,
    check,
    cases: &[
        fires("a node without a pod of the service", || {
            local().with(|f| {
                f.kubernetes.endpoints.value_mut().into_iter().flatten().for_each(|e| e.ready.truncate(1));
            })
        }),
        quiet("every node has one", local),
        quiet("the other policy", || kubernetes(1, 3)),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    not_injected: "the service works as configured, so this is a warning; tests on clusters bring about causes",
    ..Rule::BASE
};

fn local() -> Scene {
    kubernetes(1, 2).with(|f| {
        for service in f.kubernetes.services.value_mut().into_iter().flatten() {
            (service.kind, service.external_traffic) = ("NodePort".into(), "Local".into());
        }
    })
}

fn check(facts: &Facts) -> Verdict {
    let look = || {
        Ok((need(&facts.kubernetes.services, KubernetesFacts::SERVICES)?, need(&facts.kubernetes.endpoints, KubernetesFacts::ENDPOINTS)?))
    };
    let (services, endpoints) = match look() {
        Ok(both) => both,
        Err(stop) => return Verdict::cluster(Err(stop)),
    };
    let mut verdict = Verdict::default();
    for service in services.value.iter().filter(|s| s.kind == "NodePort" && s.external_traffic == "Local") {
        let own = endpoints.value.iter().find(|e| e.namespace == service.namespace && e.name == service.name);
        let Some(own) = own.filter(|e| !e.ready.is_empty()) else { continue };
        let has = |name: &str| own.ready.iter().any(|a| a.node.as_deref() == Some(name));
        let workers = facts.cluster.members.iter().filter(|m| m.role == Role::Worker && m.came_up());
        let without: Vec<&str> = workers.map(|m| m.name.as_str()).filter(|name| !has(name)).collect();
        if without.is_empty() {
            continue;
        }
        let name = format!("{}/{}", service.namespace, service.name);
        let nodes = own.ready.iter().filter_map(|a| a.node.clone()).collect::<Vec<_>>();
        let subject = Subject::Object { what: "service".into(), name: name.clone(), nodes: nodes.clone() };
        let edit = format!(
            "kubectl -n {} patch service {} -p '{{\"spec\":{{\"externalTrafficPolicy\":\"Cluster\"}}}}'",
            service.namespace, service.name
        );
        verdict.findings.push(
            Finding::warning(
                subject,
                format!("The service {name} answers from outside on {} only, not on {}.", nodes.join(", "), without.join(", ")),
            )
            .because("its policy for traffic from outside is Local", [services.cite(name.clone(), "externalTrafficPolicy: Local")])
            .because("its pods are not on every node", [endpoints.cite(name.clone(), nodes.join(", "))])
            .fix("Set the policy to Cluster, unless a load balancer asks the health check port.")
            .run(Command::new(Risk::ChangesCluster, edit)),
        );
    }
    verdict
}
