// SPDX-License-Identifier: Apache-2.0
//! kube-proxy in iptables mode.

use crate::command;
use crate::error::Error;
use crate::http::Client;
use crate::kubernetes as k8s;
use crate::spec::Questions;
use crate::step::{Context, Gate, Step};
use crate::unit::Unit;
use serde_json::json;
use std::time::Duration;
use ureq::http::Method;

pub static STEP: Step = Step {
    name: "kube-proxy",
    applies: |spec| spec.kubernetes().is_some(),
    needs: &["network", "certificates"],
    limit: Duration::from_secs(600),
    run,
};

const UNIT: &str = "kube-proxy.service";
const CONFIG: &str = "/etc/kubernetes/kube-proxy.yaml";

fn run(context: &Context) -> Result<(), Error> {
    let (spec, kubernetes) = (&*context.spec, context.kubernetes()?);
    let config = json!({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "oomScoreAdj": 0,
        "bindAddress": spec.node.address.to_string(),
        "healthzBindAddress": "0.0.0.0:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        "clusterCIDR": kubernetes.flannel.network.to_string(),
        "hostnameOverride": spec.node.name.as_str(),
        "clientConnection": {"kubeconfig": "/etc/kubernetes/kube-proxy.conf"},
        // Connection tracking is the host's affair: its settings cannot be written in here.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    });
    let mut changed = k8s::write_json(CONFIG, &config)?;
    let mut command = vec![command::find("kube-proxy")?.display().to_string(), format!("--config={CONFIG}")];
    command.extend(k8s::options(kubernetes, "kube-proxy"));
    let unit = Unit {
        name: UNIT,
        description: "Kubernetes service proxy",
        command,
        service: &[],
        after: "network.target",
        reads: k8s::reads(&[k8s::CA], &[k8s::KUBE_PROXY]),
    };
    changed |= unit.install()?;
    let api = k8s::client(spec, kubernetes, k8s::KUBE_PROXY, Duration::from_secs(5))?;
    context.wait(&format!("{} to be ready", api.peer()), &[], || {
        let reply = api.send(Method::GET, "/readyz", None)?;
        Ok(if reply.status == 200 { Gate::Open(()) } else { Gate::Closed(format!("answered {}", reply.status)) })
    })?;
    context.systemd.start(&[UNIT], changed)?;
    let health = Client::plain("http://127.0.0.1:10256", "kube-proxy", Duration::from_secs(5));
    context.wait("kube-proxy to have written its rules", &[UNIT], || {
        let reply = health.send(Method::GET, "/healthz", None)?;
        Ok(if reply.status == 200 { Gate::Open(()) } else { Gate::Closed(format!("answered {}", reply.status)) })
    })
}
