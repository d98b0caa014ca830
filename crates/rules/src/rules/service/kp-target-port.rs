// SPDX-License-Identifier: Apache-2.0
//! A service sends to a port on which its pods do not listen.
//!
//! ## What you see
//! "Connection refused" at the service's address, and also at the pods' own addresses with that port, while the pods are `Running` and ready.
//!
//! ## Why it happens
//! The service's `targetPort` is not the port of the program in the pod, or the program listens on 127.0.0.1 only, where nobody outside
//! the pod reaches it.
//!
//! ## What to do
//! Compare `targetPort` with what the program listens on; have the program listen on all addresses.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Confidence, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Subject, Verdict, blind, fires, need, quiet};
use magnum_facts::coe::{KubernetesFacts, Pod, Service};
use magnum_facts::{Facts, Look, PortProbe, ProbeFacts, Reach};

pub static RULE: Rule = Rule {
    id: "kp-target-port",
    layer: Layer::Service,
    coe: CoeKind::Kubernetes,
    guide: "L321-376",
    symptoms: &["S7"],
    needs: &[ProbeFacts::ENDPOINTS, KubernetesFacts::PODS, KubernetesFacts::SERVICES],
    set_so: true,
    check,
    cases: &[
        fires("nothing listens in any pod", || refused(&["node-0", "node-1"])),
        quiet("one of two pods does not listen yet", || refused(&["node-1"])),
        quiet("the connections get lost: that is not the port", || {
            refused(&[]).with(|f| f.probes.endpoints.value_mut().into_iter().flatten().for_each(|p| p.reach = Reach::TimedOut))
        }),
        quiet("the pods were started a moment ago", || {
            refused(&["node-0", "node-1"]).with(|f| {
                let now = f.taken_at;
                f.kubernetes.pods.value_mut().into_iter().flatten().for_each(|p| p.created = Some(now));
            })
        }),
        blind("no probe", || kubernetes(1, 2).no_probes()),
    ],
    inject: &[Act::Kubectl { argv: &["apply", "-f", "-"], stdin: WRONG_PORT }],
    undo: &[Act::Kubectl { argv: &["delete", "service", "wrong-port"], stdin: "" }],
    ..Rule::BASE
};

/// Pods younger than this may still be starting to listen.
const START_SECONDS: i64 = 15;

const WRONG_PORT: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: wrong-port}\n\
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8088}]}\n";

fn refused(nodes: &[&str]) -> Scene {
    kubernetes(1, 2).with(|f| {
        let all = f.probes.endpoints.value_mut().into_iter().flatten();
        all.filter(|p| nodes.contains(&p.from.as_str())).for_each(|p| p.reach = Reach::Refused);
    })
}

fn check(facts: &Facts) -> Verdict {
    let look = || -> Result<_, crate::Stop> {
        let probes = need(&facts.probes.endpoints, ProbeFacts::ENDPOINTS)?;
        Ok((probes, need(&facts.kubernetes.pods, KubernetesFacts::PODS)?, need(&facts.kubernetes.services, KubernetesFacts::SERVICES)?))
    };
    let (probes, pods, services) = match look() {
        Ok(all) => all,
        Err(stop) => return Verdict::cluster(Err(stop)),
    };
    let mut verdict = Verdict::default();
    for service in services.value {
        verdict.findings.extend(judge(facts, service, probes, pods, services));
    }
    verdict
}

fn judge(
    facts: &Facts,
    service: &Service,
    probes: Look<'_, Vec<PortProbe>>,
    pods: Look<'_, Vec<Pod>>,
    services: Look<'_, Vec<Service>>,
) -> Option<Finding> {
    let name = format!("{}/{}", service.namespace, service.name);
    let own: Vec<&PortProbe> = probes.value.iter().filter(|p| p.what == name).collect();
    let first = own.iter().find(|p| own.iter().all(|o| o.port != p.port || o.reach == Reach::Refused))?;
    let now = facts.taken_at.as_second();
    let of = |probe: &&PortProbe| pods.value.iter().find(|p| p.ip.as_deref() == Some(probe.address.as_str()));
    let behind: Vec<&Pod> = own.iter().filter_map(of).collect();
    if behind.is_empty() || behind.iter().any(|p| p.created.is_none_or(|t| now - t.as_second() < START_SECONDS)) {
        return None;
    }
    let nodes = behind.iter().filter_map(|p| p.node.clone()).collect();
    let subject = Subject::Object { what: "service".into(), name: name.clone(), nodes };
    let (port, namespace) = (first.port, &service.namespace);
    let quotes = own.iter().filter(|p| p.port == port).map(|p| probes.cite(format!("{} -> {}:{port}", p.from, p.address), "refused"));
    let targets = service.ports.iter().map(|p| format!("{} to {}", p.port, p.target)).collect::<Vec<_>>().join(", ");
    let declared: Vec<String> = behind.first()?.containers.iter().flat_map(|c| &c.ports).map(ToString::to_string).collect();
    let hint = if declared.is_empty() { String::new() } else { format!("; the pods name port {}", declared.join(", ")) };
    let finding = Finding::cause(subject, format!("The service {name} sends to port {port}, on which none of its pods listens{hint}."))
        .confidence(Confidence::Reproduced)
        .because("a connection from the pod's own node is refused", quotes)
        .because(format!("the service leads port {targets}"), [services.cite(name.clone(), targets.clone())])
        .rules_out("kp-no-endpoints", "there are ready pods behind it", [pods.cite(behind.first()?.path(), "ready")]);
    Some(
        finding
            .fix("Correct targetPort, or have the program listen on that port and on all addresses, not on 127.0.0.1.")
            .run(Command::new(Risk::ReadOnly, format!("kubectl -n {namespace} describe service {}", service.name)))
            .run(Command::new(Risk::ChangesCluster, format!("kubectl -n {namespace} edit service {}", service.name))),
    )
}
