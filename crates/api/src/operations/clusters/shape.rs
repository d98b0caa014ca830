// SPDX-License-Identifier: Apache-2.0
//! A cluster's attributes in the order of answers. Written straight into the answer: the whole object is what is read most.

use super::cluster::count;
use crate::caller::Caller;
use crate::moment::iso;
use magnum_store::{Cluster, NodeGroup};
use magnum_types::{ClusterId, ClusterStatus, HealthStatus, Labels, Microversion, Phase, TemplateId};
use serde::Serialize;
use serde_json::{Map, Value};

/// The attributes, those of some answers only where they are given.
#[derive(Serialize)]
pub(crate) struct Shape<'a> {
    uuid: ClusterId,
    name: &'a str,
    cluster_template_id: TemplateId,
    keypair: Option<&'a str>,
    node_count: i64,
    master_count: i64,
    docker_volume_size: Option<i64>,
    labels: &'a Labels,
    master_flavor_id: Option<&'a str>,
    flavor_id: Option<&'a str>,
    create_timeout: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    links: Option<[Link; 2]>,
    /// The engine's id, under the name of the caller's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    stack_id: Option<Option<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster_id: Option<Option<&'a str>>,
    status: Option<ClusterStatus>,
    status_reason: Option<&'a str>,
    health_status: Option<HealthStatus>,
    health_status_reason: &'a Map<String, Value>,
    discovery_url: Option<&'a str>,
    api_address: Option<&'a str>,
    coe_version: Option<&'a str>,
    container_version: Option<&'a str>,
    project_id: &'a str,
    user_id: &'a str,
    node_addresses: Vec<&'a str>,
    master_addresses: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    faults: Option<Map<String, Value>>,
    fixed_network: Option<&'a str>,
    fixed_subnet: Option<&'a str>,
    floating_ip_enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merge_labels: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels_overridden: Option<Labels>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels_added: Option<Labels>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels_skipped: Option<Labels>,
    master_lb_enabled: Option<bool>,
    created_at: Value,
    updated_at: Value,
}

#[derive(Serialize)]
struct Link {
    href: String,
    rel: &'static str,
}

impl<'a> Shape<'a> {
    /// What is stored, as patches see it.
    pub fn of(cluster: &'a Cluster, groups: &'a [NodeGroup]) -> Self {
        Self {
            uuid: cluster.uuid,
            name: &cluster.name,
            cluster_template_id: cluster.cluster_template_id,
            keypair: cluster.keypair.as_deref(),
            node_count: count(groups, false),
            master_count: count(groups, true),
            docker_volume_size: cluster.docker_volume_size,
            labels: &cluster.labels,
            master_flavor_id: cluster.master_flavor_id.as_deref(),
            flavor_id: cluster.flavor_id.as_deref(),
            create_timeout: cluster.create_timeout,
            links: None,
            stack_id: Some(cluster.stack_id.as_deref()),
            cluster_id: None,
            status: cluster.status,
            status_reason: cluster.status_reason.as_deref(),
            health_status: cluster.health_status,
            health_status_reason: &cluster.health_status_reason,
            discovery_url: cluster.discovery_url.as_deref(),
            api_address: cluster.api_address.as_deref(),
            coe_version: cluster.coe_version.as_deref(),
            container_version: cluster.container_version.as_deref(),
            project_id: &cluster.project_id.0,
            user_id: &cluster.user_id.0,
            node_addresses: addresses(groups, false),
            master_addresses: addresses(groups, true),
            faults: None,
            fixed_network: cluster.fixed_network.as_deref(),
            fixed_subnet: cluster.fixed_subnet.as_deref(),
            floating_ip_enabled: cluster.floating_ip_enabled,
            merge_labels: None,
            labels_overridden: None,
            labels_added: None,
            labels_skipped: None,
            master_lb_enabled: cluster.master_lb_enabled,
            created_at: iso(cluster.created_at),
            updated_at: iso(cluster.updated_at),
        }
    }

    /// With links, and with the engine's id under the name of the caller's version.
    pub fn linked(mut self, caller: &Caller) -> Self {
        let (base, uuid) = (&caller.base, self.uuid);
        let link = |path: &str, rel| Link { href: format!("{base}/{path}clusters/{uuid}"), rel };
        self.links = Some([link("v1/", "self"), link("", "bookmark")]);
        if caller.version >= Microversion::v1(13) {
            self.cluster_id = self.stack_id.take();
        }
        self
    }

    /// With what the labels have of the template's.
    pub fn compared(mut self, template: &Labels) -> Self {
        self.merge_labels = Some(false);
        self.labels_overridden = Some(self.labels.overridden(template));
        self.labels_added = Some(self.labels.added(template));
        self.labels_skipped = Some(self.labels.skipped(template));
        self
    }

    /// With why groups have failed, if the cluster has.
    pub fn with_faults(mut self, groups: &[NodeGroup]) -> Self {
        self.faults = self.status.is_some_and(|status| status.phase() == Phase::Failed).then(|| super::cluster::failures(groups));
        self
    }

    /// As a JSON object.
    pub fn object(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(map)) => map,
            _ => Map::new(),
        }
    }
}

fn addresses(groups: &[NodeGroup], masters: bool) -> Vec<&str> {
    groups.iter().filter(|group| group.is_master() == masters).flat_map(|group| &group.node_addresses).map(String::as_str).collect()
}
