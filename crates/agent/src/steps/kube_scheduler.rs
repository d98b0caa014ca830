// SPDX-License-Identifier: Apache-2.0
//! The scheduler. It answers health checks on the loopback device only, where `kubectl get cs` looks.

use crate::command;
use crate::error::Error;
use crate::http::Client;
use crate::kubernetes as k8s;
use crate::spec::Questions;
use crate::step::{Context, Gate, Step};
use crate::unit::Unit;
use std::time::Duration;
use ureq::http::Method;

pub static STEP: Step = Step {
    name: "kube-scheduler",
    applies: |spec| spec.kubernetes().is_some() && spec.is_master(),
    needs: &["kube-apiserver"],
    limit: Duration::from_secs(180),
    run,
};

fn run(context: &Context) -> Result<(), Error> {
    let several = context.kubernetes()?.masters.len() > 1;
    let flags = [
        ("kubeconfig", "/etc/kubernetes/scheduler.conf".to_owned()),
        ("leader-elect", several.to_string()),
        ("address", "127.0.0.1".to_owned()),
        ("port", "10251".to_owned()),
        ("secure-port", "0".to_owned()),
        ("profiling", "false".to_owned()),
    ];
    let mut words = vec![command::find("kube-scheduler")?.display().to_string()];
    words.extend(flags.map(|(flag, value)| format!("--{flag}={value}")));
    words.extend(k8s::options(context.kubernetes()?, "kube-scheduler"));
    let name = "kube-scheduler.service";
    let unit = Unit {
        name,
        description: "Kubernetes scheduler",
        command: words,
        service: &[],
        after: "network.target kube-apiserver.service",
        reads: k8s::reads(&[k8s::CA], &[k8s::SCHEDULER]),
    };
    let changed = unit.install()?;
    context.systemd.start(&[name], changed)?;
    let health = Client::plain("http://127.0.0.1:10251", "the scheduler", Duration::from_secs(5));
    context.wait("the scheduler to be healthy", &[name], || {
        let reply = health.send(Method::GET, "/healthz", None)?;
        Ok(if reply.status == 200 { Gate::Open(()) } else { Gate::Closed(reply.text) })
    })
}
