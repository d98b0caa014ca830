// SPDX-License-Identifier: Apache-2.0
//! The overlay's lease and registry.

use crate::parse::{list, text, text_at};
use crate::reading::{Answer, Reading};
use magnum_facts::node::{NodeFacts, OverlayLease, OverlayRegistry, SubnetEnv};
use magnum_types::Coe;
use serde_json::Value;

pub(crate) static READING: Reading =
    Reading { names: |coe, _| if coe == Coe::Kubernetes { &["subnet-env", "overlay"] } else { &[] }, read };

fn read(facts: &mut NodeFacts, answer: &Answer<'_>) {
    facts.subnet_env = answer.maybe("subnet-env", "cat /run/flannel/subnet.env", subnet_env);
    facts.overlay = answer.fact("overlay", "etcdctl get --prefix of flannel's registry", registry);
}

fn subnet_env(value: &Value) -> Option<SubnetEnv> {
    let get = |key: &str| text_at(value, &format!("/values/{key}"));
    Some(SubnetEnv {
        network: get("FLANNEL_NETWORK").parse().ok()?,
        subnet: get("FLANNEL_SUBNET").parse().ok()?,
        mtu: get("FLANNEL_MTU").parse().ok()?,
        ip_masq: get("FLANNEL_IPMASQ") == "true",
    })
}

fn registry(value: &Value) -> OverlayRegistry {
    let lease = |item: &Value| {
        Some(OverlayLease {
            subnet: text(item, "subnet").parse().ok()?,
            public_ip: text(item, "public_ip").parse().ok()?,
            backend: text(item, "backend_type").to_owned(),
            vtep_mac: text(item, "vtep_mac").to_owned(),
            vni: item.get("vni").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok()),
        })
    };
    let config = value.get("config").filter(|c| !c.is_null()).cloned();
    OverlayRegistry { config, leases: list(value, "/subnets").filter_map(lease).collect() }
}
