// SPDX-License-Identifier: Apache-2.0
//! What a cluster is made of: a pure function from a cluster's settings to typed networks, servers, volumes,
//! load balancers, and for each server the node spec that its agent carries out.
//!
//! Every engine makes the same blueprint; no engine decides anything about a COE. No I/O, no clock, no async.

mod compose;
mod kubernetes;
mod node;
mod options;
mod resource;
mod rule;
mod seats;
mod settings;
mod swarm;

pub use compose::{MAGNUM_PORT, MTU};
pub use seats::{Demand, Seat, allocate};
pub use settings::{Group, Ranges, SeatedNode, Secrets, Settings, check_labels, dns_domain};

pub use node::{
    Authorities, ControlPlane, Etcd, Flannel, KubernetesSpec, MagnumEndpoint, NodeIdentity, NodeSpec, Peer, SwarmSpec, Taint, TaintEffect,
    Workload,
};
pub use resource::{
    Blueprint, Flavor, FloatingAddress, LoadBalancer, Network, PortRange, Protocol, SecurityGroup, SecurityRule, Server, Source,
};
