// SPDX-License-Identifier: Apache-2.0
//! The pure function from settings to blueprint.

use crate::settings::{Group, Ranges, SeatedNode, Settings};
use crate::{
    Blueprint, FloatingAddress, LoadBalancer, MagnumEndpoint, Network, NodeIdentity, NodeSpec, Peer, Server, Workload, kubernetes, swarm,
};
use magnum_types::{Coe, FieldError, Role};
use std::net::Ipv4Addr;

/// TCP port on which Magnum answers nodes at their gateway.
pub const MAGNUM_PORT: u16 = 9511;
/// MTU of the private network, in bytes.
pub const MTU: u32 = 1500;

/// Facts about the whole cluster that every node's workload needs.
pub(crate) struct Plan<'a> {
    pub settings: &'a Settings,
    pub ranges: Ranges,
    pub masters: Vec<Peer>,
    /// Where nodes reach the COE's API.
    pub api_address: Ipv4Addr,
    pub api_port: u16,
    /// Addresses and names for API server certificates, beside each master's own.
    pub api_sans: Vec<String>,
}

impl Settings {
    /// The TCP port of the COE's API.
    pub fn api_port(&self) -> u16 {
        self.api_port.unwrap_or(if self.coe.is_swarm() { swarm::API_PORT } else { kubernetes::API_PORT })
    }

    /// The cluster's `api_address`, as clients are told it (`reference: magnum-drivers.md 8.2.1` for swarm).
    pub fn api_url(&self) -> String {
        let scheme = if self.coe.is_swarm() { "tcp" } else { "https" };
        format!("{scheme}://{}:{}", self.external_address, self.api_port())
    }

    /// The blueprint of the cluster. Errors name the label or field that cannot be.
    pub fn blueprint(&self) -> Result<Blueprint, FieldError> {
        let plan = self.plan()?;
        let balanced = self.master_lb_enabled || plan.masters.len() > 1;
        let groups = if self.coe.is_swarm() { swarm::security_groups(&plan) } else { kubernetes::security_groups(&plan) };
        let mut servers = Vec::new();
        for group in &self.groups {
            for node in &group.nodes {
                servers.push(server(&plan, group, node)?);
            }
        }
        Ok(Blueprint {
            cluster: self.cluster,
            cluster_name: self.cluster_name.clone(),
            network: Network { cidr: plan.ranges.nodes, gateway: plan.ranges.gateway(), magnum_port: MAGNUM_PORT, mtu: MTU },
            security_groups: groups,
            floating: vec![FloatingAddress { external: self.external_address, private: plan.api_address }],
            load_balancer: balanced.then(|| LoadBalancer {
                vip: plan.ranges.vip(),
                port: plan.api_port,
                members: plan.masters.iter().map(|m| m.address).collect(),
            }),
            servers,
        })
    }

    fn plan(&self) -> Result<Plan<'_>, FieldError> {
        let ranges = Ranges::from_labels(&self.labels)?;
        let masters: Vec<Peer> = self
            .groups
            .iter()
            .filter(|g| g.role == Role::Master)
            .flat_map(|g| &g.nodes)
            .map(|n| Peer { name: n.name.clone(), address: n.address })
            .collect();
        let first = masters.first().ok_or_else(|| FieldError::new("master_count", "0", "should be at least 1"))?;
        let balanced = self.master_lb_enabled || masters.len() > 1;
        let api_address = if balanced { ranges.vip() } else { first.address };
        let mut api_sans = vec![self.external_address.to_string(), api_address.to_string()];
        api_sans.dedup();
        Ok(Plan { settings: self, api_port: self.api_port(), ranges, masters, api_address, api_sans })
    }
}

fn server(plan: &Plan<'_>, group: &Group, node: &SeatedNode) -> Result<Server, FieldError> {
    let settings = plan.settings;
    let workload = match settings.coe {
        Coe::Kubernetes => Workload::Kubernetes(Box::new(kubernetes::workload(plan, group)?)),
        Coe::Swarm | Coe::SwarmMode => Workload::Swarm(swarm::workload(plan)),
        coe @ (Coe::Mesos | Coe::Dcos) => {
            return Err(FieldError::new("coe", coe.as_str(), "cannot be deployed by this engine; use kubernetes or swarm"));
        }
    };
    let dns_servers = if settings.dns_servers.is_empty() { vec![plan.ranges.gateway()] } else { settings.dns_servers.clone() };
    Ok(Server {
        name: node.name.clone(),
        group: group.name.clone(),
        role: group.role,
        address: node.address,
        flavor: group.flavor.clone(),
        image: group.image.clone(),
        docker_volume_gib: group.docker_volume_gib,
        security_groups: vec![group.role.as_str().to_owned()],
        powered_on: node.powered_on,
        keeps_spec: false,
        spec: NodeSpec {
            version: NodeSpec::VERSION,
            revision: String::new(),
            node: NodeIdentity {
                cluster: settings.cluster,
                cluster_name: settings.cluster_name.clone(),
                name: node.name.clone(),
                group: group.name.clone(),
                role: group.role,
                index: node.index,
                address: node.address,
            },
            magnum: MagnumEndpoint { url: format!("http://{}:{MAGNUM_PORT}", plan.ranges.gateway()), token: node.token.clone() },
            network_cidr: plan.ranges.nodes,
            dns_servers,
            mtu: MTU,
            authorities: settings.authorities.clone(),
            workload,
        }
        .revised(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Flavor, Secrets};
    use magnum_types::{ClusterId, Labels, NodeName};
    use secrecy::SecretString;

    fn group(name: &str, role: Role, count: u32, first: u8) -> Group {
        let nodes = (0..count)
            .map(|index| SeatedNode {
                name: NodeName::of_group(name, index),
                index,
                address: Ipv4Addr::new(10, 0, 0, first + index as u8),
                token: SecretString::from("t"),
                powered_on: true,
            })
            .collect();
        let flavor = Flavor { name: "m1.small".to_owned(), vcpus: 1, ram_mib: 2048 };
        Group {
            name: name.to_owned(),
            role,
            flavor,
            image: "debian-12".to_owned(),
            docker_volume_gib: None,
            node_labels: Default::default(),
            node_taints: Vec::new(),
            nodes,
        }
    }

    fn settings(coe: Coe, masters: u32) -> Settings {
        Settings {
            cluster: ClusterId::random(),
            cluster_name: "c1".to_owned(),
            coe,
            labels: Labels::default(),
            api_port: None,
            dns_servers: Vec::new(),
            master_lb_enabled: false,
            external_address: Ipv4Addr::new(198, 18, 0, 9),
            groups: vec![group("default-master", Role::Master, masters, 5), group("default-worker", Role::Worker, 2, 20)],
            secrets: Secrets { service_account_key: SecretString::from("k"), flannel_password: SecretString::from("p") },
            authorities: None,
        }
    }

    #[test]
    fn a_revision_is_another_whenever_anything_is() {
        let plain = settings(Coe::Kubernetes, 1);
        let revision = |settings: &Settings| settings.blueprint().unwrap().servers[0].spec.revision.clone();
        let labels = |label: &str, value: &str| Labels([(label.to_owned(), value.to_owned())].into());
        let changed = [
            Settings { labels: labels("kubelet_options", "--max-pods=57"), ..plain.clone() },
            Settings { labels: labels("dns_cluster_domain", "x.example"), ..plain.clone() },
            Settings {
                authorities: Some(crate::Authorities { kubernetes: "a".into(), etcd: "b".into(), front_proxy: "c".into() }),
                ..plain.clone()
            },
            Settings { secrets: Secrets { service_account_key: SecretString::from("other"), ..plain.secrets.clone() }, ..plain.clone() },
        ];
        let mut all: Vec<String> = changed.iter().map(revision).collect();
        all.push(revision(&plain));
        assert_eq!(revision(&plain), revision(&plain));
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len(), "{all:?}");
        let other_label = Settings { labels: labels("nothing_reads_this", "1"), ..plain.clone() };
        assert_eq!(revision(&other_label), revision(&plain), "a label that changes nothing makes no node work");
    }

    #[test]
    fn one_master_is_reached_directly_three_through_the_balancer() {
        let one = settings(Coe::Kubernetes, 1).blueprint().unwrap();
        assert_eq!(one.load_balancer, None);
        assert_eq!(one.floating[0].private, Ipv4Addr::new(10, 0, 0, 5));
        let three = settings(Coe::Kubernetes, 3).blueprint().unwrap();
        assert_eq!(three.load_balancer.as_ref().unwrap().members.len(), 3);
        assert_eq!(three.floating[0].private, Ipv4Addr::new(10, 0, 0, 2));
    }

    #[test]
    fn only_masters_get_the_signing_key_and_the_taint() {
        let blueprint = settings(Coe::Kubernetes, 1).blueprint().unwrap();
        for server in &blueprint.servers {
            let Workload::Kubernetes(spec) = &server.spec.workload else { panic!("not kubernetes") };
            assert_eq!(spec.control_plane.is_some(), server.role == Role::Master, "{}", server.name);
            assert_eq!(!spec.node_taints.is_empty(), server.role == Role::Master, "{}", server.name);
        }
    }

    #[test]
    fn what_cannot_be_is_refused_by_field() {
        assert_eq!(settings(Coe::Mesos, 1).blueprint().unwrap_err().field, "coe");
        assert_eq!(settings(Coe::Swarm, 0).blueprint().unwrap_err().field, "master_count");
        assert_eq!(settings(Coe::Swarm, 1).api_url(), "tcp://198.18.0.9:2376");
        assert_eq!(settings(Coe::Kubernetes, 1).api_url(), "https://198.18.0.9:6443");
    }

    #[test]
    fn a_spec_survives_its_file_with_its_secrets() {
        let blueprint = settings(Coe::Kubernetes, 1).blueprint().unwrap();
        let text = serde_json::to_string(&blueprint.servers[0].spec).unwrap();
        let back: NodeSpec = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&back).unwrap(), text);
        assert!(!format!("{:?}", blueprint.servers[0].spec).contains("\"k\""), "debug output shows no secret");
    }
}
