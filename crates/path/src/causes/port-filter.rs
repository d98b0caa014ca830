// SPDX-License-Identifier: Apache-2.0
//! A security group in front of a node's port drops them.

use crate::cause::{Cause, Found, Look, Scene};

pub static CAUSE: Cause = Cause { id: "port-filter", rank: 30, look };

fn look(scene: &Scene<'_>) -> Look {
    let wire = |s: &&crate::gap::Stop| s.hop.place == crate::route::Place::Wire;
    let nodes: Vec<&str> = match scene.crossing() {
        Some((last, next)) => vec![&next.hop.node, &last.hop.node],
        // An address outside: what the port lets out, and the answers in.
        None => scene.gap.last.iter().chain(&scene.gap.next).filter(wire).map(|s| s.hop.node.as_str()).collect(),
    };
    let mut fine = Look::Nothing;
    for node in nodes {
        let Some((before, after)) = scene.round.filters.get(node) else { continue };
        let Some(rise) = before.rises(after).into_iter().filter(|r| scene.is_ours(r.rise)).min_by_key(|r| r.rise) else {
            fine = Look::Fine(format!("no drop counter of the port of {node} rose by as many as were sent"));
            continue;
        };
        let rule = if rise.policy { "nothing lets them pass".to_owned() } else { rise.text.clone() };
        return Found::new(format!("the security group at the port of {node} drops them: {}: {rule}", rise.chain))
            .fault("nt-sg-port-blocked")
            .seen(
                format!("the filter at the port of {node}"),
                format!("counter {} -> {} while {} were sent", rise.before, rise.before + rise.rise, scene.sent),
            )
            .fix(wanted(scene))
            .guilty();
    }
    fine
}

fn wanted(scene: &Scene<'_>) -> String {
    let layout = &scene.facts.cluster.layout;
    let wrapped = scene.gap.last.as_ref().is_some_and(|s| s.hop.wrapped);
    match (wrapped, layout.overlay_port) {
        (true, Some(port)) => format!("Let UDP {port} in from all of the cluster's nodes, in their security group."),
        _ => "Let these packets pass in the nodes' security group.".to_owned(),
    }
}
