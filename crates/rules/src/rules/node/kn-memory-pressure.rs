// SPDX-License-Identifier: Apache-2.0
//! A node is under memory pressure.
//!
//! ## What you see
//! Pods are `Evicted` from one node, and new ones that state no request avoid it (taint `node.kubernetes.io/memory-pressure`).
//!
//! ## Why it happens
//! Less memory is left on the node than the kubelet wants (`evictionHard`). Pods use more than they asked for, the flavor is small,
//! or the threshold is set too high.
//!
//! ## What to do
//! State requests and limits for what uses the memory, take a larger flavor, or correct the threshold.

use crate::fixture::{kubernetes, stopped};
use crate::pressure::{EASE, SPREAD_PODS, press, pressing, until_eased};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Layer, Pressure, Rule, Verdict, blind, each_node, fires, pressed, quiet};
use magnum_facts::Facts;
use magnum_facts::coe::KubernetesFacts;
use magnum_facts::node::NodeFacts;

pub static RULE: Rule = Rule {
    id: "kn-memory-pressure",
    layer: Layer::Node,
    coe: CoeKind::Kubernetes,
    guide: "L43-46, L390",
    symptoms: &["S6", "S19"],
    needs: &[KubernetesFacts::NODES, NodeFacts::CONFIGS, NodeFacts::MEMORY],
    explains: &["kp-no-endpoints"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("the kubelet says so", || pressing("MemoryPressure", "kubelet has insufficient memory available")),
        quiet("another pressure", || pressing("DiskPressure", "something else")),
        quiet("the kubelet is stopped", || kubernetes(1, 2).unit("node-1", "kubelet", stopped())),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    inject: &[press!(r#""memory.available": "100Mi""#, r#""memory.available": "99.9%""#)],
    undo: &[EASE, until_eased!("MemoryPressure"), SPREAD_PODS],
    ..Rule::BASE
};

const PRESSURE: Pressure = Pressure { condition: "MemoryPressure", of: "memory", signals: &["memory.available"] };

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let finding = pressed(&n, PRESSURE)?;
        let memory = n.node.memory.look().ok().flatten();
        let room = memory.map(|m| {
            let (free, total) = (m.available_bytes >> 20, m.total_bytes >> 20);
            (format!("{free} of {total} MiB are available on it"), m.cite("MemAvailable", format!("{free} MiB of {total} MiB")))
        });
        Ok(finding
            .because_if(room)
            .fix("Give pods requests and limits, or the node more memory; if there is enough, correct evictionHard in the kubelet's configuration.")
            .run(Command::new(Risk::ReadOnly, format!("kubectl top pods -A --field-selector spec.nodeName={}", n.name))))
    })
}
