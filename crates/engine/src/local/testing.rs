// SPDX-License-Identifier: Apache-2.0
//! Blueprints for the tests of this module.

use magnum_blueprint::{Blueprint, Flavor, Group, SeatedNode, Secrets, Settings};
use magnum_types::{Coe, Labels, NodeName, Role};
use std::net::Ipv4Addr;

pub(crate) fn settings(masters: u32, workers: u32) -> Settings {
    let group = |name: &str, role, count: u32, first: u8, volume| Group {
        name: name.to_owned(),
        role,
        flavor: Flavor { name: "m1.small".to_owned(), vcpus: 2, ram_mib: 2048 },
        image: "debian-12".to_owned(),
        docker_volume_gib: volume,
        node_labels: Default::default(),
        node_taints: Vec::new(),
        nodes: (0..count)
            .map(|index| SeatedNode {
                name: NodeName::of_group(name, index),
                index,
                address: Ipv4Addr::new(10, 0, 0, first + index as u8),
                token: "token".to_owned().into(),
                powered_on: true,
            })
            .collect(),
    };
    Settings {
        cluster: "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d".parse().unwrap(),
        cluster_name: "c1".to_owned(),
        coe: Coe::SwarmMode,
        labels: Labels::default(),
        api_port: None,
        dns_servers: Vec::new(),
        master_lb_enabled: false,
        external_address: Ipv4Addr::new(198, 18, 7, 10),
        groups: vec![group("default-master", Role::Master, masters, 5, Some(1)), group("default-worker", Role::Worker, workers, 20, None)],
        secrets: Secrets { service_account_key: String::new().into(), flannel_password: String::new().into() },
        authorities: None,
    }
}

pub(crate) fn blueprint(settings: &Settings) -> Blueprint {
    settings.blueprint().unwrap()
}
