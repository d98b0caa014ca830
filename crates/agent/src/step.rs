// SPDX-License-Identifier: Apache-2.0
//! What a step is, and what it may use.
//!
//! A step is one file in `src/steps/` with a `pub static STEP`; `build.rs` finds it. It may be cut off anywhere and
//! run again, it waits only through [`Context::wait`], and it is `Done` only when its health gate was passed.

use crate::error::Error;
use crate::graph::Board;
use crate::magnum::Magnum;
use crate::report::Reporter;
use crate::spec::Questions;
use crate::systemd::Systemd;
use magnum_blueprint::{ControlPlane, KubernetesSpec, NodeSpec, SwarmSpec};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// How often a gate is looked at.
const INTERVAL: Duration = Duration::from_millis(50);
/// A wait shorter than this is not worth telling.
const UNTOLD: Duration = Duration::from_millis(700);

/// Between two changes of what is told.
const BETWEEN: Duration = Duration::from_secs(1);

/// One named piece of bringing a node up.
pub struct Step {
    /// As it is reported.
    pub name: &'static str,
    /// Whether this node has it.
    pub applies: fn(&NodeSpec) -> bool,
    /// Steps that must be done before, as far as the node has them.
    pub needs: &'static [&'static str],
    /// After this long it has failed.
    pub limit: Duration,
    pub run: fn(&Context) -> Result<(), Error>,
}

/// What one run of one step works with.
pub struct Context {
    pub step: &'static str,
    pub spec: Arc<NodeSpec>,
    pub reporter: Arc<Reporter>,
    pub systemd: Arc<Systemd>,
    pub magnum: Arc<Magnum>,
    pub board: Arc<Board>,
    pub deadline: Instant,
    pub limit: Duration,
}

/// The answer of one look at a gate.
pub enum Gate<T> {
    Open(T),
    /// Why not, in a few words; empty when there is nothing to add.
    Closed(String),
}

impl Context {
    /// The Kubernetes part of the spec.
    pub fn kubernetes(&self) -> Result<&KubernetesSpec, Error> {
        self.spec.kubernetes().ok_or_else(|| Error::Spec("workload: not a Kubernetes node".to_owned()))
    }

    /// What only Kubernetes masters get.
    pub fn control_plane(&self) -> Result<&ControlPlane, Error> {
        self.kubernetes()?.control_plane.as_ref().ok_or_else(|| Error::Spec("control_plane: a master needs it".to_owned()))
    }

    /// The Swarm part of the spec.
    pub fn swarm(&self) -> Result<&SwarmSpec, Error> {
        self.spec.swarm().ok_or_else(|| Error::Spec("workload: not a Swarm node".to_owned()))
    }

    /// Waits until `look` finds the gate open. Transient errors count as closed; any other ends the wait, and so does
    /// one of `units` that does not stay up. `what` is reported when it takes longer than a moment.
    pub fn wait<T>(&self, what: &str, units: &[&str], mut look: impl FnMut() -> Result<Gate<T>, Error>) -> Result<T, Error> {
        let begin = Instant::now();
        let (mut units_seen, mut told_at) = (begin, None::<Instant>);
        loop {
            let why = match look() {
                Ok(Gate::Open(value)) => return Ok(value),
                Ok(Gate::Closed(why)) => why,
                Err(error) if error.is_transient() => error.chain(),
                Err(error) => return Err(error),
            };
            if units_seen.elapsed() > Duration::from_secs(1) {
                units_seen = Instant::now();
                units.iter().try_for_each(|unit| self.systemd.check(unit))?;
            }
            if begin.elapsed() > UNTOLD && told_at.is_none_or(|at| at.elapsed() > BETWEEN) {
                told_at = Some(Instant::now());
                // The reason is added once it has lasted: what only takes its time is no news.
                let told = if why.is_empty() || begin.elapsed() < UNTOLD * 5 { what.to_owned() } else { format!("{what} ({why})") };
                self.reporter.waiting(self.step, &told);
            }
            if Instant::now() >= self.deadline {
                units.iter().try_for_each(|unit| self.systemd.check(unit))?;
                let what = if why.is_empty() { what.to_owned() } else { format!("{what} ({why})") };
                return Err(Error::Limit { seconds: self.limit.as_secs(), what });
            }
            thread::sleep(INTERVAL);
        }
    }
}
