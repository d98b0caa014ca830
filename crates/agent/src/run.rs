// SPDX-License-Identifier: Apache-2.0
//! `magnum-agent run`: from a booted machine to a node of the cluster, and then a watchdog.

use crate::error::Error;
use crate::graph::{self, Board};
use crate::magnum::Magnum;
use crate::report::Reporter;
use crate::spec::Questions;
use crate::step::{Context, Step};
use crate::systemd::Systemd;
use crate::{docker, renew, spec, watchdog};
use magnum_blueprint::NodeSpec;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// The step with which a node is up; it reports itself, with the versions.
pub const LAST: &str = "ready";

mod steps {
    use crate::step::Step;
    include!(concat!(env!("OUT_DIR"), "/steps.rs"));
}

/// Carries out the node spec. Returns only with an error.
pub fn main() -> Result<(), Error> {
    let spec = match spec::load() {
        Ok(spec) => Arc::new(spec),
        Err(error) => return tell_bad_spec(error),
    };
    let reporter = Arc::new(Reporter::start(&spec));
    renew::watch(spec.revision.clone(), Arc::clone(&reporter));
    if spec.kubernetes().is_some() {
        docker::absent::serve()?;
    }
    let needs = graph::choose(steps::ALL, &spec).map_err(Error::Spec)?;
    let systemd = Arc::new(Systemd::default());
    let magnum = Arc::new(Magnum::new(&spec));
    let board = Arc::new(Board::default());
    let context = |step: &'static Step| Context {
        step: step.name,
        spec: Arc::clone(&spec),
        reporter: Arc::clone(&reporter),
        systemd: Arc::clone(&systemd),
        magnum: Arc::clone(&magnum),
        board: Arc::clone(&board),
        deadline: Instant::now() + step.limit,
        limit: step.limit,
    };
    graph::run(steps::ALL, &needs, &context);
    watchdog::run(&spec, &reporter)
}

/// Tells Magnum that the spec is bad, if as much of it can be read as that takes, and ends.
fn tell_bad_spec(error: Error) -> Result<(), Error> {
    let endpoint = std::fs::read_to_string(spec::PATH).ok().and_then(|text| serde_json::from_str::<NodeSpec>(&text).ok());
    if let Some(readable) = endpoint {
        let reporter = Reporter::start(&readable);
        reporter.failed("spec", &error.chain(), Duration::ZERO);
        reporter.flush(Duration::from_secs(10));
    } else {
        crate::report::console(&format!("magnum-agent: step spec failed: {}", error.chain()));
    }
    // Not at once again: systemd restarts the agent.
    thread::sleep(Duration::from_secs(5));
    Err(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::tests::{kubernetes_master, kubernetes_worker, swarm_manager};
    use std::collections::BTreeSet;

    #[test]
    fn the_steps_of_every_kind_of_node_can_be_ordered_and_end_with_ready() {
        for spec in [kubernetes_master(3), kubernetes_worker(), swarm_manager(1)] {
            let needs = graph::choose(steps::ALL, &spec).unwrap();
            let reached: BTreeSet<_> = needs[LAST].iter().copied().collect();
            let rest: BTreeSet<_> = needs.keys().copied().filter(|name| *name != LAST).collect();
            assert_eq!(reached, rest, "ready must need every other step");
        }
        let names: BTreeSet<_> = steps::ALL.iter().map(|step| step.name).collect();
        assert_eq!(names.len(), steps::ALL.len(), "two steps of the same name");
        let unknown: Vec<_> = names.iter().filter(|name| !magnum_stages::is_known(name)).collect();
        assert!(unknown.is_empty(), "the stage clock has to know what they wait for: {unknown:?}");
    }
}
