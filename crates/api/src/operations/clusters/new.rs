// SPDX-License-Identifier: Apache-2.0
//! The rows of a new cluster: what the request says, and the template where it is silent.

use crate::caller::Caller;
use crate::names;
use crate::typed::Record;
use magnum_store::{Cluster, NodeGroup, Template};
use magnum_types::{ClusterId, ClusterStatus, NodeGroupId};

/// How many nodes are asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    pub nodes: i64,
    pub masters: i64,
}

/// The cluster's row.
pub(crate) fn cluster(caller: &Caller, record: &Record, template: &Template) -> Cluster {
    let text = |field: &str, inherited: &Option<String>| record.text(field).filter(|text| !text.is_empty()).or_else(|| inherited.clone());
    let labels = match record.labels("labels").filter(|labels| !labels.0.is_empty()) {
        None => template.labels.clone(),
        Some(given) if record.bool("merge_labels") == Some(true) => template.labels.merged(&given),
        Some(given) => given,
    };
    Cluster {
        id: 0,
        uuid: record.text("uuid").and_then(|text| text.parse().ok()).unwrap_or_else(ClusterId::random),
        name: record.text("name").unwrap_or_else(|| names::generate("cluster")),
        cluster_template_id: template.uuid,
        api_address: None,
        stack_id: None,
        project_id: caller.identity.project.clone(),
        user_id: caller.identity.user.clone(),
        status: Some(ClusterStatus::CreateInProgress),
        status_reason: None,
        discovery_url: record.text("discovery_url"),
        ca_cert_ref: None,
        magnum_cert_ref: None,
        etcd_ca_cert_ref: None,
        front_proxy_ca_cert_ref: None,
        create_timeout: Some(record.int("create_timeout").unwrap_or(60)),
        coe_version: None,
        container_version: None,
        keypair: text("keypair", &template.keypair_id),
        docker_volume_size: record.int("docker_volume_size").or(template.docker_volume_size),
        labels,
        master_flavor_id: text("master_flavor_id", &template.master_flavor_id),
        flavor_id: text("flavor_id", &template.flavor_id),
        health_status: None,
        health_status_reason: Default::default(),
        fixed_network: text("fixed_network", &template.fixed_network),
        fixed_subnet: text("fixed_subnet", &template.fixed_subnet),
        floating_ip_enabled: record.bool("floating_ip_enabled").or(template.floating_ip_enabled),
        master_lb_enabled: record.bool("master_lb_enabled").or(template.master_lb_enabled),
        created_at: None,
        updated_at: None,
    }
}

/// The row of one of the two groups that every cluster has.
pub(crate) fn group(cluster: &Cluster, template: &Template, name: &str, role: &str, count: i64) -> NodeGroup {
    let flavor = if role == "master" { &cluster.master_flavor_id } else { &cluster.flavor_id };
    let least = cluster.labels.get("min_node_count").filter(|_| role == "worker").and_then(|text| text.parse().ok());
    NodeGroup {
        id: 0,
        uuid: NodeGroupId::random(),
        name: name.to_owned(),
        cluster_id: cluster.uuid,
        project_id: cluster.project_id.clone(),
        docker_volume_size: cluster.docker_volume_size,
        labels: cluster.labels.clone(),
        flavor_id: flavor.clone(),
        image_id: template.image_id.clone(),
        node_addresses: Vec::new(),
        node_count: count,
        max_node_count: None,
        min_node_count: Some(least.unwrap_or(0)),
        role: role.to_owned(),
        is_default: true,
        stack_id: None,
        status: Some(ClusterStatus::CreateInProgress),
        status_reason: None,
        version: None,
        node_labels: Default::default(),
        node_taints: Vec::new(),
        created_at: None,
        updated_at: None,
    }
}
