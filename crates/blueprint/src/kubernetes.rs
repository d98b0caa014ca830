// SPDX-License-Identifier: Apache-2.0
//! Kubernetes: what its nodes run and what may reach them.

use crate::compose::Plan;
use crate::options::options;
use crate::rule::{any, from};
use crate::settings::{Group, dns_domain};
use crate::{ControlPlane, Etcd, Flannel, KubernetesSpec, Protocol, SecurityGroup, Taint, TaintEffect};
use magnum_types::{FieldError, Role};

pub(crate) const API_PORT: u16 = 6443;
/// UDP port of flannel's VXLAN.
const VXLAN_PORT: u16 = 8472;

pub(crate) fn workload(plan: &Plan<'_>, group: &Group) -> Result<KubernetesSpec, FieldError> {
    let settings = plan.settings;
    let master = group.role == Role::Master;
    let mut node_labels = group.node_labels.clone();
    node_labels.insert("magnum.openstack.org/nodegroup".to_owned(), group.name.clone());
    node_labels.insert("magnum.openstack.org/role".to_owned(), group.role.to_string());
    let mut node_taints = group.node_taints.clone();
    if master {
        node_taints.push(Taint { key: "node-role.kubernetes.io/master".to_owned(), value: String::new(), effect: TaintEffect::NoSchedule });
    }
    Ok(KubernetesSpec {
        api_address: plan.api_address,
        api_port: plan.api_port,
        masters: plan.masters.clone(),
        service_cidr: plan.ranges.services,
        dns_address: plan.ranges.dns(),
        dns_domain: dns_domain(&settings.labels)?,
        flannel: Flannel {
            network: plan.ranges.pods,
            subnet_len: plan.ranges.pod_subnet_len,
            vni: 1,
            port: VXLAN_PORT,
            etcd_prefix: "/coreos.com/network".to_owned(),
        },
        etcd: Etcd { flannel_password: settings.secrets.flannel_password.clone() },
        node_labels,
        node_taints,
        options: options(&settings.labels)?,
        control_plane: master
            .then(|| ControlPlane { api_sans: plan.api_sans.clone(), service_account_key: settings.secrets.service_account_key.clone() }),
    })
}

/// As the Fedora CoreOS driver's groups (`reference: magnum-drivers.md 8.1.7`), with etcd, kubelet and the overlay
/// open to the cluster's own nodes only.
pub(crate) fn security_groups(plan: &Plan<'_>) -> Vec<SecurityGroup> {
    let nodes = plan.ranges.nodes;
    let shared = [
        any(Protocol::Icmp, None, "ping"),
        any(Protocol::Tcp, Some((22, 22)), "ssh"),
        any(Protocol::Tcp, Some((30000, 32767)), "services of type NodePort"),
        any(Protocol::Udp, Some((30000, 32767)), "services of type NodePort"),
        from(nodes, Protocol::Tcp, (10250, 10250), "kubelet"),
        from(nodes, Protocol::Udp, (VXLAN_PORT, VXLAN_PORT), "flannel's VXLAN"),
    ];
    let mut master = shared.to_vec();
    master.extend([
        any(Protocol::Tcp, Some((plan.api_port, plan.api_port)), "the Kubernetes API"),
        from(nodes, Protocol::Tcp, (2379, 2380), "etcd clients and peers"),
        from(nodes, Protocol::Tcp, (53, 53), "cluster DNS"),
        from(nodes, Protocol::Udp, (53, 53), "cluster DNS"),
    ]);
    vec![
        SecurityGroup { name: "master".to_owned(), ingress: master },
        SecurityGroup { name: "worker".to_owned(), ingress: shared.to_vec() },
    ]
}
