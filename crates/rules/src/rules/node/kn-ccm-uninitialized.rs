// SPDX-License-Identifier: Apache-2.0
//! A node waits for the cloud controller manager.
//!
//! ## What you see
//! All new pods are `Pending`: "untolerated taint node.cloudprovider.kubernetes.io/uninitialized".
//!
//! ## Why it happens
//! The kubelet was started for an external cloud provider and put a taint on its node, which the cloud controller manager takes away
//! once it has found the server. It does not run, cannot log in to the cloud, or looks for the server under another name.
//!
//! ## What to do
//! Mend the cloud controller manager; its log says why. Taking the taint away by hand hides the fault: volumes and load balancers would
//! still not work.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet, when};
use magnum_facts::coe::{KubernetesFacts, Pod};
use magnum_facts::{Citation, Facts};
use magnum_types::StepState;

pub static RULE: Rule = Rule {
    id: "kn-ccm-uninitialized",
    layer: Layer::Node,
    coe: CoeKind::Kubernetes,
    guide: "L43-46",
    symptoms: &["S2", "S6"],
    needs: &[KubernetesFacts::NODES, KubernetesFacts::PODS],
    explains: &["kp-no-endpoints"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("nobody takes the taint away", tainted),
        quiet("another taint", || {
            kubernetes(1, 2).with(|f| {
                f.kubernetes.nodes.value_mut().into_iter().flatten().for_each(|n| n.taints.push("team=blue:NoSchedule".into()));
            })
        }),
        quiet("the node is still coming up", || tainted().step("node-1", "kubelet", StepState::Started, "")),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    inject: &[Act::Kubectl {
        argv: &["taint", "nodes", "node-1", "node.cloudprovider.kubernetes.io/uninitialized=true:NoSchedule"],
        stdin: "",
    }],
    undo: &[Act::Kubectl { argv: &["taint", "nodes", "node-1", "node.cloudprovider.kubernetes.io/uninitialized-"], stdin: "" }],
    ..Rule::BASE
};

const TAINT: &str = "node.cloudprovider.kubernetes.io/uninitialized";

fn tainted() -> Scene {
    kubernetes(1, 2).with(|f| {
        let all = f.kubernetes.nodes.value_mut().into_iter().flatten();
        all.filter(|n| n.name == "node-1").for_each(|n| n.taints.push(format!("{TAINT}=true:NoSchedule")));
    })
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let nodes = need(&facts.kubernetes.nodes, KubernetesFacts::NODES)?;
        let node = nodes.value.iter().find(|k| k.name == n.name).ok_or(Stop::Quiet)?;
        let taint = node.taints.iter().find(|t| t.starts_with(TAINT)).ok_or(Stop::Quiet)?;
        when(n.member.came_up())?;
        let (how, proof) = manager(facts)?;
        Ok(Finding::cause(n.subject(), format!("{} waits for the cloud controller manager and takes no pods until then: {how}.", n.name))
            .because("the node is marked as not yet known to the cloud", [nodes.cite(n.name, taint.clone())])
            .because(how, [proof])
            .fix("Mend or install the cloud controller manager (its login, its certificate, the nodes' names); it takes the taint away itself.")
            .run(Command::new(Risk::ReadOnly, "kubectl -n kube-system get pods -o wide"))
            .run(Command::new(Risk::ReadOnly, "kubectl -n kube-system logs -l k8s-app=openstack-cloud-controller-manager --tail=30")))
    })
}

/// How the cloud controller manager is.
fn manager(facts: &Facts) -> Result<(String, Citation), Stop> {
    let pods = need(&facts.kubernetes.pods, KubernetesFacts::PODS)?;
    let own = |p: &&Pod| p.name.contains("cloud-controller-manager") && p.deleting_since.is_none();
    Ok(match pods.value.iter().find(own) {
        None => ("no cloud controller manager runs in this cluster".to_owned(), pods.cite("cloud-controller-manager", "no such pod")),
        Some(pod) if pod.is_ready() => ("it runs, but does not find the server under this name".to_owned(), pods.cite(pod.path(), "Ready")),
        Some(pod) => (format!("its pod {} is not ready", pod.path()), pods.cite(pod.path(), pod.phase.clone())),
    })
}
