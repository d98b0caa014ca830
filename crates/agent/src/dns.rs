// SPDX-License-Identifier: Apache-2.0
//! `magnum-agent dns`: keeps dnsmasq's names those of the cluster's services.
//!
//! Services and endpoints are listed and watched; every change is written as a whole new hosts file, and dnsmasq told
//! to read it. While the API is away, the last known names stay.

mod endpoints;
mod names;
mod probe;
mod watch;

pub use endpoints::subsets;
pub use probe::{Reply, TIMED_OUT, ask, query};

use crate::error::Error;
use crate::file;
use crate::kubernetes as k8s;
use crate::report::complain;
use crate::spec::{self, Questions};
use names::Names;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// What dnsmasq reads.
pub const HOSTS: &str = "/run/kube-dns/hosts";
/// Where dnsmasq leaves its process id.
pub const PID_FILE: &str = "/run/kube-dns/dnsmasq.pid";
/// Changes come in bursts.
const GATHER: Duration = Duration::from_millis(50);

/// The names known so far, and how many changes there were.
#[derive(Default)]
pub(crate) struct Shared {
    state: Mutex<(Names, u64)>,
    changed: Condvar,
}

impl Shared {
    /// Changes the names, and wakes the writer.
    pub(crate) fn change(&self, edit: impl FnOnce(&mut Names)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        edit(&mut state.0);
        state.1 += 1;
        self.changed.notify_all();
    }
}

/// Runs for ever.
pub fn main() -> Result<(), Error> {
    let spec = spec::load()?;
    let kubernetes = spec.kubernetes().ok_or_else(|| Error::Spec("workload: not a Kubernetes node".to_owned()))?;
    let client = k8s::client(&spec, kubernetes, k8s::AGENT, Duration::from_secs(15))?;
    let shared = Arc::new(Shared::default());
    for kind in [watch::Kind::Services, watch::Kind::Endpoints] {
        let (client, shared) = (client.clone(), Arc::clone(&shared));
        thread::spawn(move || watch::follow(&client, kind, &shared));
    }
    if kubernetes.masters.len() > 1 {
        let (client, spec, masters, domain) = (client.clone(), spec.clone(), kubernetes.masters.clone(), kubernetes.dns_domain.clone());
        thread::spawn(move || endpoints::keep(&client, &spec, &masters, &domain));
    }
    let mut written = None;
    loop {
        let state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        let known = written.unwrap_or(0);
        let state = shared.changed.wait_while(state, |state| state.1 == known).unwrap_or_else(PoisonError::into_inner);
        let complete = state.0.is_complete();
        let (text, at) = (state.0.hosts(&kubernetes.dns_domain), state.1);
        drop(state);
        written = Some(at);
        if complete && file::write(Path::new(HOSTS), &text, file::PUBLIC)? {
            tell_dnsmasq();
        }
        thread::sleep(GATHER);
    }
}

/// Has dnsmasq read its hosts file again. One that does not run reads it when it starts.
fn tell_dnsmasq() {
    let pid: Option<i32> = std::fs::read_to_string(PID_FILE).ok().and_then(|text| text.trim().parse().ok());
    let Some(pid) = pid.filter(|pid| std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "dnsmasq"))
    else {
        return;
    };
    if let Err(error) = kill(Pid::from_raw(pid), Signal::SIGHUP) {
        complain(&format!("magnum-agent: dnsmasq {pid}: {error}"));
    }
}
