// SPDX-License-Identifier: Apache-2.0
//! The kubelet. Started once the API server listens: earlier, its growing pauses between attempts would cost more.

use crate::error::Error;
use crate::http::Client;
use crate::kubernetes as k8s;
use crate::spec::Questions;
use crate::step::{Context, Gate, Step};
use crate::unit::Unit;
use crate::{command, docker};
use magnum_blueprint::{KubernetesSpec, NodeSpec};
use serde_json::json;
use std::time::Duration;
use ureq::http::Method;

pub static STEP: Step = Step {
    name: "kubelet",
    applies: |spec| spec.kubernetes().is_some(),
    needs: &["certificates", "runtime", "overlay"],
    limit: Duration::from_secs(600),
    run,
};

const UNIT: &str = "kubelet.service";
const CONFIG: &str = "/etc/kubernetes/kubelet.yaml";

fn run(context: &Context) -> Result<(), Error> {
    let (spec, kubernetes) = (&*context.spec, context.kubernetes()?);
    let mut changed = k8s::write_json(CONFIG, &config(kubernetes))?;
    let unit = Unit {
        name: UNIT,
        description: "Kubernetes node agent (kubelet)",
        command: command_line(spec, kubernetes)?,
        service: &["KillMode=process", "Delegate=yes", "LimitNOFILE=1048576"],
        after: "network.target containerd.service magnum-agent.service",
        reads: k8s::reads(&[k8s::CA], &[k8s::KUBELET]),
    };
    changed |= unit.install()?;
    wait_for_api(context)?;
    context.systemd.start(&[UNIT], changed)?;
    let health = Client::plain("http://127.0.0.1:10248", "the kubelet", Duration::from_secs(5));
    context.wait("the kubelet to be healthy", &[UNIT], || {
        let reply = health.send(Method::GET, "/healthz", None)?;
        Ok(if reply.status == 200 { Gate::Open(()) } else { Gate::Closed(reply.text) })
    })
}

/// Waits until the API server answers anything at all. It listens long before that: seconds in which it needs the
/// processors itself.
fn wait_for_api(context: &Context) -> Result<(), Error> {
    let api = k8s::client(&context.spec, context.kubernetes()?, k8s::KUBELET, Duration::from_secs(5))?;
    context.wait(&format!("{} to answer", api.peer()), &[], || api.send(Method::GET, "/livez", None).map(|_| Gate::Open(())))
}

fn config(kubernetes: &KubernetesSpec) -> serde_json::Value {
    json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {"anonymous": {"enabled": false}, "webhook": {"enabled": true}, "x509": {"clientCAFile": k8s::CA}},
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": format!("{}.crt", k8s::KUBELET),
        "tlsPrivateKeyFile": format!("{}.key", k8s::KUBELET),
        "cgroupDriver": "cgroupfs",
        "oomScoreAdj": 0,
        "nodeStatusUpdateFrequency": "1s",
        "nodeStatusReportFrequency": "1m",
        "clusterDNS": [kubernetes.dns_address.to_string()],
        "clusterDomain": kubernetes.dns_domain,
        "failSwapOn": false,
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        // The disk is the machine's: what fills it is rarely an image of this node, and what is thrown away here may not be
        // there to pull again. Short of room, evictionHard has the last word.
        "imageGCHighThresholdPercent": 100,
        "protectKernelDefaults": false,
    })
}

fn command_line(spec: &NodeSpec, kubernetes: &KubernetesSpec) -> Result<Vec<String>, Error> {
    let labels: Vec<String> = kubernetes.node_labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let taints: Vec<String> = kubernetes.node_taints.iter().map(|t| format!("{}={}:{:?}", t.key, t.value, t.effect)).collect();
    let mut words = vec![
        command::find("kubelet")?.display().to_string(),
        format!("--config={CONFIG}"),
        "--kubeconfig=/etc/kubernetes/kubelet.conf".to_owned(),
        format!("--hostname-override={}", spec.node.name),
        format!("--node-ip={}", spec.node.address),
        "--container-runtime=remote".to_owned(),
        format!("--container-runtime-endpoint=unix://{}", k8s::CONTAINERD),
        // The kubelet throws away images that nothing uses when the disk fills up; this one no pod names, and all need it.
        format!("--pod-infra-container-image={}", crate::image::PAUSE),
        format!("--docker=unix://{}", docker::absent::SOCKET),
    ];
    if !labels.is_empty() {
        words.push(format!("--node-labels={}", labels.join(",")));
    }
    if !taints.is_empty() {
        words.push(format!("--register-with-taints={}", taints.join(",")));
    }
    words.extend(k8s::options(kubernetes, "kubelet"));
    Ok(words)
}
