// SPDX-License-Identifier: Apache-2.0
//! Where Kubernetes' files are on a node, and the API server as its client.

use crate::error::Error;
use crate::file;
use crate::http::{Client, Identity};
use crate::spec::Questions;
use magnum_blueprint::{KubernetesSpec, NodeSpec};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// The cluster's CA.
pub const CA: &str = "/etc/kubernetes/pki/ca.crt";
/// Stems of key and certificate files.
pub const KUBELET: &str = "/etc/kubernetes/pki/kubelet";
/// For TLS connections to etcd; it has no common name.
pub const ETCD_CLIENT: &str = "/etc/kubernetes/pki/etcd-client";
pub const KUBE_PROXY: &str = "/etc/kubernetes/pki/kube-proxy";
pub const APISERVER: &str = "/etc/kubernetes/pki/kube-apiserver";
pub const APISERVER_KUBELET: &str = "/etc/kubernetes/pki/kube-apiserver-kubelet-client";
pub const CONTROLLER_MANAGER: &str = "/etc/kubernetes/pki/kube-controller-manager";
pub const SCHEDULER: &str = "/etc/kubernetes/pki/kube-scheduler";
pub const AGENT: &str = "/etc/kubernetes/pki/magnum-agent";
pub const FRONT_PROXY: &str = "/etc/kubernetes/pki/front-proxy-client";
pub const FRONT_PROXY_CA: &str = "/etc/kubernetes/pki/front-proxy-ca.crt";
pub const SERVICE_ACCOUNT_KEY: &str = "/etc/kubernetes/pki/service-account.key";
/// containerd's socket.
pub const CONTAINERD: &str = "/run/containerd/containerd.sock";

/// Where this node's own components reach the API: a master its own server, a worker the cluster's address.
pub fn api_url(spec: &NodeSpec, kubernetes: &KubernetesSpec) -> String {
    let address = if spec.is_master() { spec.node.address } else { kubernetes.api_address };
    format!("https://{address}:{}", kubernetes.api_port)
}

/// The API server, with one of this node's certificates.
pub fn client(spec: &NodeSpec, kubernetes: &KubernetesSpec, stem: &str, limit: Duration) -> Result<Client, Error> {
    let url = api_url(spec, kubernetes);
    let peer = format!("the API server at {}", url.trim_start_matches("https://"));
    let (certificate, key) = (format!("{stem}.crt"), format!("{stem}.key"));
    let identity = Identity { ca: Path::new(CA), client: Some((Path::new(&certificate), Path::new(&key))) };
    Client::tls(&url, &peer, &identity, limit)
}

/// The words that the cluster's labels add to a program's command line. Of a flag that is there twice the last counts.
pub fn options(kubernetes: &KubernetesSpec, program: &str) -> Vec<String> {
    kubernetes.options.get(program).cloned().unwrap_or_default()
}

/// The files of certificates at these stems, and others, as a unit's `reads`.
pub fn reads(others: &[&str], stems: &[&str]) -> Vec<String> {
    others.iter().map(|path| (*path).to_owned()).chain(stems.iter().map(|stem| format!("{stem}.crt"))).collect()
}

/// Writes a kubeconfig (JSON is YAML) that speaks with the certificate at `stem`.
pub fn write_kubeconfig(path: &str, spec: &NodeSpec, kubernetes: &KubernetesSpec, stem: &str) -> Result<bool, Error> {
    let user = stem.rsplit('/').next().unwrap_or(stem);
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "cluster", "cluster": {"server": api_url(spec, kubernetes), "certificate-authority": CA}}],
        "users": [{"name": user, "user": {"client-certificate": format!("{stem}.crt"), "client-key": format!("{stem}.key")}}],
        "contexts": [{"name": "default", "context": {"cluster": "cluster", "user": user}}],
        "current-context": "default",
    });
    write_json(path, &config)
}

/// Writes a configuration file as JSON, which every reader of YAML reads.
pub fn write_json(path: &str, value: &Value) -> Result<bool, Error> {
    let mut text = serde_json::to_string_pretty(value).map_err(|error| Error::Spec(error.to_string()))?;
    text.push('\n');
    file::write(Path::new(path), &text, file::SECRET)
}

/// Makes an object that is not there yet; one of its name is left as it is. (A service with a fixed address would
/// otherwise be refused for the address it has itself.)
pub fn ensure(api: &Client, collection: &str, name: &str, object: &Value) -> Result<(), Error> {
    match api.get(&format!("{collection}/{name}")) {
        Err(Error::Refused { status: 404, .. }) => {}
        Ok(_) => return Ok(()),
        Err(error) => return Err(error),
    }
    match api.post(collection, object) {
        Ok(_) | Err(Error::Refused { status: 409, .. }) => Ok(()),
        Err(error) => Err(error),
    }
}
