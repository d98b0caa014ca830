// SPDX-License-Identifier: Apache-2.0
//! The node spec: everything one node's agent has to know, as one JSON file (`/etc/magnum/node.json`, mode 0600).
//!
//! The agent takes no other input but what it asks Magnum for with the token in here. All values are data: the
//! agent writes them into files and argument lists by type and never passes one through a shell.

use ipnet::Ipv4Net;
use magnum_types::{ClusterId, NodeName, Role};
use secrecy::SecretString;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// What one node is to become.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NodeSpec {
    /// Format version of this file; an agent refuses one it does not know.
    pub version: u32,
    /// Digest of all the rest. An agent that is done with it reports it back.
    #[serde(default)]
    pub revision: String,
    pub node: NodeIdentity,
    pub magnum: MagnumEndpoint,
    /// The private network's address range, e.g. 10.0.0.0/24.
    pub network_cidr: Ipv4Net,
    /// Name servers of the private network, asked by the node and by cluster DNS for outside names.
    pub dns_servers: Vec<Ipv4Addr>,
    /// MTU of the node's `eth0`, in bytes.
    pub mtu: u32,
    /// Whom the node trusts, once the cluster's authorities were ever replaced; before, the node keeps the authority that
    /// signed its certificates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorities: Option<Authorities>,
    pub workload: Workload,
}

impl NodeSpec {
    /// The only format there is so far.
    pub const VERSION: u32 = 1;

    /// The same spec with its revision: the first 16 digits of the SHA-256 of everything else in it.
    pub fn revised(mut self) -> Self {
        self.revision = String::new();
        // A spec is made of texts and numbers only, which cannot fail to be written.
        let text = serde_json::to_vec(&self).unwrap_or_default();
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &text);
        self.revision = digest.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        self
    }
}

/// Certificates of the cluster's authorities, PEM. The first of each signs; the others are trusted besides, while a
/// cluster goes from one set of authorities to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorities {
    /// The cluster's own, on every COE.
    pub kubernetes: String,
    pub etcd: String,
    pub front_proxy: String,
}

/// Who the node is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeIdentity {
    pub cluster: ClusterId,
    pub cluster_name: String,
    /// Also the host name and the Kubernetes node name.
    pub name: NodeName,
    pub group: String,
    pub role: Role,
    /// Position in its group, from 0. Master 0 does what must be done once per cluster.
    pub index: u32,
    pub address: Ipv4Addr,
}

/// Where Magnum answers this node, and as whom the node speaks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MagnumEndpoint {
    /// Base URL, e.g. `http://10.0.0.1:9511`; paths of `docs/node-api.md` follow.
    pub url: String,
    /// The node's own credential, sent as `X-Magnum-Node-Token`.
    #[serde(serialize_with = "expose")]
    pub token: SecretString,
}

/// What runs on the node.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "coe", rename_all = "lowercase")]
pub enum Workload {
    Kubernetes(Box<KubernetesSpec>),
    Swarm(SwarmSpec),
}

/// A node of a Kubernetes cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KubernetesSpec {
    /// Where nodes reach the API: the only master, or the load balancer.
    pub api_address: Ipv4Addr,
    pub api_port: u16,
    pub masters: Vec<Peer>,
    pub service_cidr: Ipv4Net,
    /// Cluster DNS, inside `service_cidr`.
    pub dns_address: Ipv4Addr,
    pub dns_domain: String,
    pub flannel: Flannel,
    pub etcd: Etcd,
    pub node_labels: BTreeMap<String, String>,
    pub node_taints: Vec<Taint>,
    /// More words for the command lines of Kubernetes' programs, by program, e.g. `kubelet`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, Vec<String>>,
    /// Only on masters.
    pub control_plane: Option<ControlPlane>,
}

/// What only masters get.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ControlPlane {
    /// Every address and name under which clients reach the API, for the server certificate; the agent adds
    /// the service address, `kubernetes`, `kubernetes.default…`, 127.0.0.1 and its own address.
    pub api_sans: Vec<String>,
    /// Signs service-account tokens: PKCS#8 PEM, the same on all masters.
    #[serde(serialize_with = "expose")]
    pub service_account_key: SecretString,
}

/// Another node of the same cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    pub name: NodeName,
    pub address: Ipv4Addr,
}

/// The overlay, with flannel's words (`reference: doctor.md 1.16`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flannel {
    /// All pods of the cluster.
    pub network: Ipv4Net,
    /// Prefix length of one node's share.
    pub subnet_len: u8,
    /// VXLAN network identifier; the device is `flannel.<vni>`.
    pub vni: u32,
    /// UDP port of the outer packets.
    pub port: u16,
    /// Key prefix in etcd, e.g. `/coreos.com/network`.
    pub etcd_prefix: String,
}

/// How nodes reach etcd.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Etcd {
    /// Password of the etcd user `flannel`, which may touch nothing but the overlay's keys.
    #[serde(serialize_with = "expose")]
    pub flannel_password: SecretString,
}

/// A taint put on a node when it registers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taint {
    pub key: String,
    #[serde(default)]
    pub value: String,
    pub effect: TaintEffect,
}

/// What a taint does to pods that do not tolerate it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaintEffect {
    NoSchedule,
    PreferNoSchedule,
    NoExecute,
}

/// A node of a Docker swarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwarmSpec {
    pub managers: Vec<Peer>,
    /// TLS port of the Docker API on managers.
    pub api_port: u16,
    /// Addresses and names for the managers' server certificates.
    pub api_sans: Vec<String>,
}

/// Secrets cannot be serialised by accident; in the node spec they must be.
fn expose<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    use secrecy::ExposeSecret;
    serializer.serialize_str(secret.expose_secret())
}
