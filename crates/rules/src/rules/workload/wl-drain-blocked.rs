// SPDX-License-Identifier: Apache-2.0
//! A disruption budget keeps a node from being emptied.
//!
//! ## What you see
//! An upgrade or a resize hangs: `kubectl drain` repeats "Cannot evict pod as it would violate the pod's disruption budget".
//!
//! ## Why it happens
//! A node is closed for new pods so that it can be emptied, but a PodDisruptionBudget allows no pod of a workload to be missing, and one
//! of these pods is on that node. Nothing is wrong with the budget until somebody wants to move a pod.
//!
//! ## What to do
//! Run one more pod of the workload or lower the budget; to give up emptying the node, open it again.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Subject, Verdict, blind, fires, need, quiet};
use magnum_facts::Facts;
use magnum_facts::coe::{Budget, KubernetesFacts, Pod};

pub static RULE: Rule = Rule {
    id: "wl-drain-blocked",
    layer: Layer::Workload,
    coe: CoeKind::Kubernetes,
    guide: "L43-46",
    symptoms: &["S14"],
    needs: &[KubernetesFacts::BUDGETS, KubernetesFacts::NODES, KubernetesFacts::PODS],
    set_so: true,
    check,
    cases: &[
        fires("a node is to be emptied and the budget allows nothing", || budget(0).with(|f| close(f, "node-1"))),
        quiet("the budget allows nothing, and nobody wants to move a pod", || budget(0)),
        quiet("the budget allows one", || budget(1).with(|f| close(f, "node-1"))),
        quiet("the closed node has none of its pods", || budget(0).with(|f| close(f, "master-0"))),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    inject: &[
        Act::Kubectl { argv: &["create", "poddisruptionbudget", "web", "--selector=app=web", "--min-available=2"], stdin: "" },
        Act::Kubectl { argv: &["cordon", "node-1"], stdin: "" },
    ],
    undo: &[
        Act::Kubectl { argv: &["uncordon", "node-1"], stdin: "" },
        Act::Kubectl { argv: &["delete", "poddisruptionbudget", "web"], stdin: "" },
    ],
    ..Rule::BASE
};

fn budget(allowed: u32) -> Scene {
    kubernetes(1, 2).with(|f| {
        let selector = [("app".to_owned(), "web".to_owned())].into();
        let (namespace, name) = ("default".into(), "web".into());
        let budget = Budget { namespace, name, selector, allowed, healthy: 2, desired: 2 - allowed, expected: 2 };
        f.kubernetes.budgets.value_mut().into_iter().for_each(|all| all.push(budget.clone()));
    })
}

fn close(facts: &mut Facts, node: &str) {
    facts.kubernetes.nodes.value_mut().into_iter().flatten().filter(|n| n.name == node).for_each(|n| n.unschedulable = true);
}

fn check(facts: &Facts) -> Verdict {
    let k = &facts.kubernetes;
    let all = || -> Result<_, Stop> {
        let budgets = need(&k.budgets, KubernetesFacts::BUDGETS)?;
        Ok((budgets, need(&k.nodes, KubernetesFacts::NODES)?, need(&k.pods, KubernetesFacts::PODS)?))
    };
    let (budgets, nodes, pods) = match all() {
        Ok(all) => all,
        Err(stop) => return Verdict::cluster(Err(stop)),
    };
    let mut verdict = Verdict::default();
    for budget in budgets.value.iter().filter(|b| b.allowed == 0 && !b.selector.is_empty()) {
        let chosen = |p: &&Pod| p.namespace == budget.namespace && budget.selector.iter().all(|(k, v)| p.labels.get(k) == Some(v));
        for node in nodes.value.iter().filter(|n| n.unschedulable) {
            let there = |p: &&Pod| chosen(p) && p.node.as_ref() == Some(&node.name) && p.deleting_since.is_none();
            let Some(pod) = pods.value.iter().find(there) else { continue };
            let path = format!("{}/{}", budget.namespace, budget.name);
            let subject = Subject::Object { what: "budget".into(), name: path.clone(), nodes: vec![node.name.clone()] };
            let counts = format!("{} healthy, {} wanted, {} evictions allowed", budget.healthy, budget.desired, budget.allowed);
            verdict.findings.push(
                Finding::cause(
                    subject,
                    format!("{} cannot be emptied: the budget {path} lets no pod of its workload go ({counts}).", node.name),
                )
                .because("the node is closed for new pods, as for emptying it", [nodes.cite(node.name.clone(), "unschedulable")])
                .because("a pod of the budget is on it", [pods.cite(pod.path(), format!("on {}", node.name))])
                .because("the budget allows no eviction", [budgets.cite(path, counts)])
                .fix("Run one more pod of the workload or lower the budget's minAvailable; or open the node again.")
                .run(Command::new(Risk::ReadOnly, format!("kubectl -n {} describe pdb {}", budget.namespace, budget.name)))
                .run(Command::new(Risk::ChangesCluster, format!("kubectl uncordon {}", node.name))),
            );
        }
    }
    verdict
}
