// SPDX-License-Identifier: Apache-2.0
//! Running programs on nodes, with the engine's failures turned into reasons for not having looked.

use crate::collector::Context;
use magnum_engine::{Error, Exec, ExecOutput};
use magnum_facts::{Why, WhyKind};
use magnum_types::NodeName;
use std::time::Duration;

/// Runs a program on a node; an exit code other than 0 is still an answer.
pub(crate) async fn exec(context: &Context, node: &NodeName, argv: &[&str], limit: Duration) -> Result<ExecOutput, Why> {
    let mut request = Exec::new(argv.iter().copied());
    request.timeout = limit.min(context.budget);
    request.max_output = 8 << 20;
    match context.world.engine.exec(context.world.id, node, request).await {
        Ok(output) => Ok(output),
        Err(error @ Error::NodeState { .. }) => Err(Why::new(WhyKind::Unreachable, error.to_string())),
        Err(error) => Err(Why::new(WhyKind::Unreachable, format!("{node}: {error}"))),
    }
}

/// The standard output of a program that ended well.
pub(crate) async fn output(context: &Context, node: &NodeName, argv: &[&str], limit: Duration) -> Result<String, Why> {
    let done = exec(context, node, argv, limit).await?;
    let program = argv.first().copied().unwrap_or_default();
    if done.timed_out {
        return Err(Why::new(WhyKind::TimedOut, format!("{program} on {node} did not end within {:.1} s", limit.as_secs_f32())));
    }
    if done.code != Some(0) {
        let said = String::from_utf8_lossy(&done.stderr);
        let last = said.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("nothing on its standard error");
        return Err(Why::new(WhyKind::Unreachable, format!("{program} on {node}: {last}")));
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// The node of a collector that looks at nodes.
pub(crate) fn own(context: &Context) -> Result<NodeName, Why> {
    context.node.clone().ok_or_else(|| Why::new(WhyKind::Garbled, "called without a node"))
}

/// What could not be understood.
pub(crate) fn garbled(what: &str, error: impl std::fmt::Display) -> Why {
    Why::new(WhyKind::Garbled, format!("{what}: {error}"))
}
