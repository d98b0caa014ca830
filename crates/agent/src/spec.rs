// SPDX-License-Identifier: Apache-2.0
//! Reads the node spec and refuses one that this agent does not understand.

use crate::{Error, file};
use magnum_blueprint::{KubernetesSpec, NodeSpec, Peer, SwarmSpec, Workload};
use magnum_types::Role;
use std::path::Path;

/// Where the engine leaves it.
pub const PATH: &str = "/etc/magnum/node.json";

/// Reads `/etc/magnum/node.json`.
pub fn load() -> Result<NodeSpec, Error> {
    parse(&file::read(Path::new(PATH))?)
}

fn parse(text: &str) -> Result<NodeSpec, Error> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|error| Error::Spec(format!("not JSON: {error}")))?;
    match value.get("version").and_then(serde_json::Value::as_u64) {
        Some(version) if version == u64::from(NodeSpec::VERSION) => {}
        Some(version) => return Err(Error::Spec(format!("version {version}; this agent knows only {}", NodeSpec::VERSION))),
        None => return Err(Error::Spec("has no version".to_owned())),
    }
    let spec: NodeSpec = serde_json::from_value(value).map_err(|error| Error::Spec(error.to_string()))?;
    check(&spec)?;
    Ok(spec)
}

/// What the types alone do not say: text that ends up as a word of a daemon's command line has to fit there.
fn check(spec: &NodeSpec) -> Result<(), Error> {
    let Workload::Kubernetes(kubernetes) = &spec.workload else { return Ok(()) };
    if kubernetes.masters.is_empty() {
        return Err(Error::Spec("masters: there is none".to_owned()));
    }
    if spec.node.role == Role::Master && kubernetes.control_plane.is_none() {
        return Err(Error::Spec("control_plane: a master needs it".to_owned()));
    }
    let flannel = &kubernetes.flannel;
    if flannel.subnet_len <= flannel.network.prefix_len() || flannel.subnet_len > 28 {
        return Err(Error::Spec(format!("flannel/subnet_len: {} does not fit {}", flannel.subnet_len, flannel.network)));
    }
    let prefix = &flannel.etcd_prefix;
    if !prefix.starts_with('/') || prefix.ends_with('/') || !prefix.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Error::Spec(format!("flannel/etcd_prefix: {prefix:?} is not a key such as /coreos.com/network")));
    }
    let label = |part: &str| is_name_part(part) && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !kubernetes.dns_domain.split('.').all(label) {
        return Err(Error::Spec(format!("dns_domain: {:?} is not a domain", kubernetes.dns_domain)));
    }
    let labels = kubernetes.node_labels.iter().map(|(key, value)| ("node_labels", key, value));
    let taints = kubernetes.node_taints.iter().map(|taint| ("node_taints", &taint.key, &taint.value));
    for (field, key, value) in labels.chain(taints) {
        if !is_qualified_name(key) || !(value.is_empty() || is_name_part(value)) {
            return Err(Error::Spec(format!("{field}: {key:?}={value:?} is not what Kubernetes accepts")));
        }
    }
    Ok(())
}

/// `[dns.subdomain/]name`, as Kubernetes has it.
fn is_qualified_name(text: &str) -> bool {
    match text.split_once('/') {
        Some((domain, name)) => {
            let part_ok = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            domain.len() <= 253 && domain.split('.').all(part_ok) && is_name_part(name)
        }
        None => is_name_part(text),
    }
}

fn is_name_part(text: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.len() <= 63 && edge(bytes.first()) && edge(bytes.last()) && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
}

/// Questions that steps ask the spec.
pub trait Questions {
    /// The Kubernetes part, if this is such a node.
    fn kubernetes(&self) -> Option<&KubernetesSpec>;
    /// The Swarm part, if this is such a node.
    fn swarm(&self) -> Option<&SwarmSpec>;
    /// Whether this is a master (manager).
    fn is_master(&self) -> bool;
    /// Whether this node does what must be done once per cluster.
    fn is_first_master(&self) -> bool;
    /// All masters (managers).
    fn masters(&self) -> &[Peer];
}

impl Questions for NodeSpec {
    fn kubernetes(&self) -> Option<&KubernetesSpec> {
        match &self.workload {
            Workload::Kubernetes(spec) => Some(spec),
            Workload::Swarm(_) => None,
        }
    }

    fn swarm(&self) -> Option<&SwarmSpec> {
        match &self.workload {
            Workload::Swarm(spec) => Some(spec),
            Workload::Kubernetes(_) => None,
        }
    }

    fn is_master(&self) -> bool {
        self.node.role == Role::Master
    }

    fn is_first_master(&self) -> bool {
        self.is_master() && self.masters().first().is_some_and(|first| first.address == self.node.address)
    }

    fn masters(&self) -> &[Peer] {
        match &self.workload {
            Workload::Kubernetes(spec) => &spec.masters,
            Workload::Swarm(spec) => &spec.managers,
        }
    }
}

#[cfg(test)]
pub mod tests;
