// SPDX-License-Identifier: Apache-2.0
//! The last step: what the whole cluster says about this node, and the versions that run on it.

use crate::docker;
use crate::error::Error;
use crate::http::Client;
use crate::kubernetes as k8s;
use crate::report::boot_id;
use crate::spec::Questions;
use crate::step::{Context, Gate, Step};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

pub static STEP: Step = Step {
    name: crate::run::LAST,
    applies: |_| true,
    needs: &[
        "network",
        "runtime",
        "images",
        "certificates",
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "overlay",
        "kubelet",
        "kube-proxy",
        "role",
        "cluster",
        "dns",
        "docker",
        "docker-images",
        "docker-certificates",
        "swarm",
    ],
    limit: Duration::from_secs(300),
    run,
};

fn run(context: &Context) -> Result<(), Error> {
    let begin = Instant::now();
    let mut versions = match context.spec.kubernetes() {
        Some(_) => kubernetes(context)?,
        None => swarm(context)?,
    };
    versions.insert("magnum-agent".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    versions.insert(magnum_types::SPEC_REVISION.to_owned(), context.spec.revision.clone());
    context.reporter.done(STEP.name, begin.elapsed(), versions);
    Ok(())
}

fn kubernetes(context: &Context) -> Result<BTreeMap<String, String>, Error> {
    let (spec, kubernetes) = (&*context.spec, context.kubernetes()?);
    let api = k8s::client(spec, kubernetes, k8s::KUBELET, Duration::from_secs(5))?;
    let boot = boot_id();
    let node =
        context.wait("this node to be Ready", &["kubelet.service", "containerd.service"], || look(&api, spec.node.name.as_str(), &boot))?;
    let info = |field: &str| node.pointer(&format!("/status/nodeInfo/{field}")).and_then(Value::as_str).map(str::to_owned);
    let fields = [
        ("kubelet", "kubeletVersion"),
        ("kube-proxy", "kubeProxyVersion"),
        ("container-runtime", "containerRuntimeVersion"),
        ("kernel", "kernelVersion"),
        ("os", "osImage"),
    ];
    Ok(fields.into_iter().filter_map(|(name, field)| Some((name.to_owned(), info(field)?))).collect())
}

/// Ready=True, said by a kubelet of this boot.
fn look(api: &Client, name: &str, boot: &str) -> Result<Gate<Value>, Error> {
    let node = match api.get(&format!("/api/v1/nodes/{name}")) {
        Ok(node) => node,
        Err(Error::Refused { status: 404, .. }) => return Ok(Gate::Closed("it is not registered yet".to_owned())),
        Err(Error::Refused { status: 403, what, .. }) => return Ok(Gate::Closed(what)),
        Err(error) => return Err(error),
    };
    if node.pointer("/status/nodeInfo/bootID").and_then(Value::as_str) != Some(boot) {
        return Ok(Gate::Closed("its kubelet has not reported since this boot".to_owned()));
    }
    let conditions = node.pointer("/status/conditions").and_then(Value::as_array).cloned().unwrap_or_default();
    let ready = conditions.iter().find(|condition| condition.get("type").and_then(Value::as_str) == Some("Ready"));
    match ready.and_then(|condition| condition.get("status")).and_then(Value::as_str) {
        Some("True") => Ok(Gate::Open(node)),
        _ => {
            let message = ready.and_then(|condition| condition.get("message")).and_then(Value::as_str).unwrap_or("no condition yet");
            Ok(Gate::Closed(message.to_owned()))
        }
    }
}

fn swarm(context: &Context) -> Result<BTreeMap<String, String>, Error> {
    let node = context.wait("Docker to say that this node is ready", &["docker.service"], || {
        let info = docker::get("/info")?;
        let state = info.pointer("/Swarm/LocalNodeState").and_then(Value::as_str).unwrap_or("").to_owned();
        if state != "active" {
            return Ok(Gate::Closed(format!("swarm is {state}")));
        }
        docker::node_state(&info, context.spec.is_master())
    })?;
    let version = docker::get("/version")?;
    let text = |pointer: &str| version.pointer(pointer).and_then(Value::as_str).unwrap_or("").to_owned();
    let mut versions = BTreeMap::from([("docker".to_owned(), text("/Version")), ("kernel".to_owned(), text("/KernelVersion"))]);
    versions.insert("swarm-node".to_owned(), node);
    Ok(versions)
}
