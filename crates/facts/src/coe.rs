// SPDX-License-Identifier: Apache-2.0
//! What the running COE says about itself, trimmed to what a rule could ever ask.

mod kubernetes;
mod pod;
mod policy;
mod service;
mod swarm;

pub use kubernetes::{ApiHealth, Event, KubeNode, KubernetesFacts, Lease, ObjectRef};
pub use pod::{Condition, ContainerState, ContainerStatus, Pod, Probe, Reference, Toleration};
pub use policy::{Binding, Budget, Claim, ReplicaSet, StorageClass, Webhook};
pub use service::{EndpointAddress, Endpoints, Service, ServicePort};
pub use swarm::{SwarmFacts, SwarmManager, SwarmNetwork, SwarmNode, SwarmService, SwarmState, SwarmTask};
