// SPDX-License-Identifier: Apache-2.0
//! A node is under process pressure.
//!
//! ## What you see
//! "fork: resource temporarily unavailable" in pods and on the node; new pods avoid it (taint `node.kubernetes.io/pid-pressure`).
//!
//! ## Why it happens
//! So many processes and threads run on the node that few numbers are left for new ones, usually because one program starts more
//! and more; or the threshold is set too high.
//!
//! ## What to do
//! Find what starts so many and end it; limit processes per pod (`podPidsLimit`), or correct the threshold.

use crate::fixture::{kubernetes, stopped};
use crate::pressure::{EASE, SPREAD_PODS, press, pressing, until_eased};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Layer, Pressure, Rule, Verdict, blind, each_node, fires, pressed, quiet};
use magnum_facts::Facts;
use magnum_facts::coe::KubernetesFacts;
use magnum_facts::node::NodeFacts;

pub static RULE: Rule = Rule {
    id: "kn-pid-pressure",
    layer: Layer::Node,
    coe: CoeKind::Kubernetes,
    guide: "L390",
    symptoms: &["S6", "S16"],
    needs: &[KubernetesFacts::NODES, NodeFacts::CONFIGS, NodeFacts::SYSCTLS],
    explains: &["kp-no-endpoints"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("the kubelet says so", || pressing("PIDPressure", "kubelet has insufficient PID available")),
        quiet("another pressure", || pressing("DiskPressure", "something else")),
        quiet("the kubelet is stopped", || kubernetes(1, 2).unit("node-1", "kubelet", stopped())),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    inject: &[press!(r#""memory.available": "100Mi""#, r#""memory.available": "100Mi", "pid.available": "999999999""#)],
    undo: &[EASE, until_eased!("PIDPressure"), SPREAD_PODS],
    ..Rule::BASE
};

const PRESSURE: Pressure = Pressure { condition: "PIDPressure", of: "process", signals: &["pid.available"] };

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let finding = pressed(&n, PRESSURE)?;
        let limit = n.node.sysctls.look().ok().flatten().and_then(|s| Some((s, s.value.get("kernel.pid_max")?)));
        let limit = limit.map(|(s, max)| (format!("the node numbers at most {max} processes"), s.cite("kernel.pid_max", max.clone())));
        Ok(finding
            .because_if(limit)
            .fix("End what starts so many processes and set podPidsLimit; if there are few, correct evictionHard in the kubelet's configuration.")
            .run(Command::new(Risk::ReadOnly, n.exec("ps -eo nlwp,pid,args --sort=-nlwp"))))
    })
}
