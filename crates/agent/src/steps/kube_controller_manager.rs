// SPDX-License-Identifier: Apache-2.0
//! The controller manager. It answers health checks on the loopback device only, where `kubectl get cs` looks.

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
    name: "kube-controller-manager",
    applies: |spec| spec.kubernetes().is_some() && spec.is_master(),
    needs: &["kube-apiserver"],
    limit: Duration::from_secs(180),
    run,
};

fn run(context: &Context) -> Result<(), Error> {
    let kubernetes = context.kubernetes()?;
    let several = kubernetes.masters.len() > 1;
    let flags = [
        ("kubeconfig", "/etc/kubernetes/controller-manager.conf".to_owned()),
        ("service-account-private-key-file", k8s::SERVICE_ACCOUNT_KEY.to_owned()),
        ("root-ca-file", k8s::CA.to_owned()),
        ("use-service-account-credentials", "true".to_owned()),
        ("service-cluster-ip-range", kubernetes.service_cidr.to_string()),
        ("cluster-cidr", kubernetes.flannel.network.to_string()),
        ("leader-elect", several.to_string()),
        ("address", "127.0.0.1".to_owned()),
        ("port", "10252".to_owned()),
        ("secure-port", "0".to_owned()),
        ("profiling", "false".to_owned()),
    ];
    let mut words = vec![command::find("kube-controller-manager")?.display().to_string()];
    words.extend(flags.map(|(flag, value)| format!("--{flag}={value}")));
    words.extend(k8s::options(kubernetes, "kube-controller-manager"));
    let name = "kube-controller-manager.service";
    let unit = Unit {
        name,
        description: "Kubernetes controller manager",
        command: words,
        service: &[],
        after: "network.target kube-apiserver.service",
        reads: k8s::reads(&[k8s::CA], &[k8s::CONTROLLER_MANAGER]),
    };
    let changed = unit.install()?;
    context.systemd.start(&[name], changed)?;
    let health = Client::plain("http://127.0.0.1:10252", "the controller manager", Duration::from_secs(5));
    context.wait("the controller manager to be healthy", &[name], || {
        let reply = health.send(Method::GET, "/healthz", None)?;
        Ok(if reply.status == 200 { Gate::Open(()) } else { Gate::Closed(reply.text) })
    })
}
