// SPDX-License-Identifier: Apache-2.0
//! The objects every cluster has, made by the first master: the name service's address and who answers there.

use crate::dns;
use crate::error::Error;
use crate::kubernetes as k8s;
use crate::spec::Questions;
use crate::step::{Context, Gate, Step};
use magnum_blueprint::KubernetesSpec;
use serde_json::{Value, json};
use std::time::Duration;

pub static STEP: Step = Step {
    name: "cluster",
    applies: |spec| spec.kubernetes().is_some() && spec.is_first_master(),
    needs: &["kube-apiserver"],
    limit: Duration::from_secs(120),
    run,
};

fn run(context: &Context) -> Result<(), Error> {
    let (spec, kubernetes) = (&*context.spec, context.kubernetes()?);
    let api = k8s::client(spec, kubernetes, k8s::AGENT, Duration::from_secs(10))?;
    context.wait(&format!("{} to take the cluster's objects", api.peer()), &["kube-apiserver.service"], || {
        for (path, object) in objects(kubernetes) {
            let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
            match k8s::ensure(&api, path, name, &object) {
                // Namespaces and the ranges of service addresses come a moment after the API server is ready.
                Err(Error::Refused { status: 404 | 403, what, .. }) => return Ok(Gate::Closed(what)),
                other => other?,
            }
        }
        Ok(Gate::Open(()))
    })
}

fn objects(kubernetes: &KubernetesSpec) -> [(&'static str, Value); 3] {
    let ports = json!([{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"}]);
    let masters: Vec<_> = kubernetes.masters.iter().map(|master| master.address).collect();
    let metadata = json!({
        "name": "kube-dns",
        "namespace": "kube-system",
        "labels": {"k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "KubeDNS"},
    });
    [
        (
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
            json!({
                "metadata": {"name": "magnum:node-proxier"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:node-proxier"},
                "subjects": [
                    {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:node-proxier"},
                    {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "system:kube-proxy"},
                ],
            }),
        ),
        (
            "/api/v1/namespaces/kube-system/services",
            json!({"metadata": metadata, "spec": {"clusterIP": kubernetes.dns_address.to_string(), "ports": ports}}),
        ),
        ("/api/v1/namespaces/kube-system/endpoints", json!({"metadata": metadata, "subsets": dns::subsets(&masters)})),
    ]
}
