// SPDX-License-Identifier: Apache-2.0
//! What the agent does once its node is up: looks at the units now and then, and tells when one does not run.
//!
//! It reports the step `health`: `waiting` with the units that are down, `done` when all run again. It never says
//! `failed`: the node was up, and may be again.

use crate::error::Error;
use crate::report::Reporter;
use crate::spec::Questions;
use crate::systemd;
use magnum_blueprint::NodeSpec;
use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_secs(10);
const STEP: &str = "health";

/// Watches for ever.
pub fn run(spec: &NodeSpec, reporter: &Reporter) -> Result<(), Error> {
    let units = units(spec);
    let mut ill_since: Option<Instant> = None;
    let mut suspects: Vec<String> = Vec::new();
    loop {
        thread::sleep(INTERVAL);
        let Ok(states) = systemd::show(&units) else { continue };
        let down: Vec<String> =
            units.iter().filter(|unit| states.get(**unit).is_none_or(|state| !state.is_active())).map(|u| (*u).to_owned()).collect();
        // One look in the moment of a restart is no illness.
        let lasting: Vec<&str> = down.iter().filter(|unit| suspects.contains(unit)).map(String::as_str).collect();
        match (lasting.is_empty(), ill_since) {
            (false, _) => {
                reporter.waiting(STEP, &format!("{} to run again", lasting.join(", ")));
                ill_since.get_or_insert_with(Instant::now);
            }
            (true, Some(since)) if down.is_empty() => {
                reporter.done(STEP, since.elapsed(), BTreeMap::new());
                ill_since = None;
            }
            _ => {}
        }
        suspects = down;
    }
}

fn units(spec: &NodeSpec) -> Vec<&'static str> {
    let mut units = Vec::new();
    if spec.swarm().is_some() {
        units.push("docker.service");
    } else {
        units.extend(["containerd.service", "flanneld.service", "kubelet.service", "kube-proxy.service"]);
        if spec.is_master() {
            units.extend(["etcd.service", "kube-apiserver.service", "kube-controller-manager.service", "kube-scheduler.service"]);
            units.extend(["kube-dns.service", "kube-dns-feed.service"]);
        }
    }
    units
}
