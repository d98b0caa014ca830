// SPDX-License-Identifier: Apache-2.0
//! A cluster's attributes in the order of answers, written straight into the answer: what is read most needs no tree in memory.

use super::cluster::{count, failures};
use crate::caller::Caller;
use crate::moment::iso;
use magnum_store::{Cluster, NodeGroup};
use magnum_types::{Labels, Microversion, Phase};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

/// How much is told.
#[derive(Clone, Copy)]
pub(crate) enum Form<'a> {
    /// What is stored, as patches see it.
    Stored,
    /// An entry of a list.
    Short,
    /// Everything, compared with the template's labels.
    Whole { template: &'a Labels, faults: bool },
}

/// A cluster as it is answered.
pub(crate) struct Shape<'a> {
    pub cluster: &'a Cluster,
    pub groups: &'a [NodeGroup],
    /// None: without links.
    pub caller: Option<&'a Caller>,
    pub form: Form<'a>,
}

impl Shape<'_> {
    /// As a JSON object.
    pub fn object(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(map)) => map,
            _ => Map::new(),
        }
    }

    fn addresses(&self, masters: bool) -> Vec<&str> {
        let groups = self.groups.iter().filter(|group| group.is_master() == masters);
        groups.flat_map(|group| &group.node_addresses).map(String::as_str).collect()
    }

    /// Links, and the engine's id under the name of the caller's version.
    fn linked<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let stack = &self.cluster.stack_id;
        let Some(caller) = self.caller else { return map.serialize_entry("stack_id", stack) };
        map.serialize_entry("links", &caller.links(&format!("clusters/{}", self.cluster.uuid)))?;
        map.serialize_entry(if caller.version >= Microversion::v1(13) { "cluster_id" } else { "stack_id" }, stack)
    }

    /// What lists leave out.
    fn rest<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let cluster = self.cluster;
        map.serialize_entry("health_status_reason", &cluster.health_status_reason)?;
        map.serialize_entry("discovery_url", &cluster.discovery_url)?;
        map.serialize_entry("api_address", &cluster.api_address)?;
        map.serialize_entry("coe_version", &cluster.coe_version)?;
        map.serialize_entry("container_version", &cluster.container_version)?;
        map.serialize_entry("project_id", &cluster.project_id)?;
        map.serialize_entry("user_id", &cluster.user_id)?;
        map.serialize_entry("node_addresses", &self.addresses(false))?;
        map.serialize_entry("master_addresses", &self.addresses(true))?;
        if matches!(self.form, Form::Whole { faults: true, .. }) && cluster.status.is_some_and(|s| s.phase() == Phase::Failed) {
            map.serialize_entry("faults", &failures(self.groups))?;
        }
        map.serialize_entry("fixed_network", &cluster.fixed_network)?;
        map.serialize_entry("fixed_subnet", &cluster.fixed_subnet)?;
        map.serialize_entry("floating_ip_enabled", &cluster.floating_ip_enabled)?;
        if let Form::Whole { template, .. } = self.form {
            map.serialize_entry("merge_labels", &false)?;
            map.serialize_entry("labels_overridden", &cluster.labels.overridden(template))?;
            map.serialize_entry("labels_added", &cluster.labels.added(template))?;
            map.serialize_entry("labels_skipped", &cluster.labels.skipped(template))?;
        }
        map.serialize_entry("master_lb_enabled", &cluster.master_lb_enabled)?;
        map.serialize_entry("created_at", &iso(cluster.created_at))?;
        map.serialize_entry("updated_at", &iso(cluster.updated_at))
    }
}

impl Serialize for Shape<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let cluster = self.cluster;
        let is_short = matches!(self.form, Form::Short);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("uuid", &cluster.uuid)?;
        map.serialize_entry("name", &cluster.name)?;
        map.serialize_entry("cluster_template_id", &cluster.cluster_template_id)?;
        map.serialize_entry("keypair", &cluster.keypair)?;
        map.serialize_entry("node_count", &count(self.groups, false))?;
        map.serialize_entry("master_count", &count(self.groups, true))?;
        map.serialize_entry("docker_volume_size", &cluster.docker_volume_size)?;
        map.serialize_entry("labels", &cluster.labels)?;
        map.serialize_entry("master_flavor_id", &cluster.master_flavor_id)?;
        map.serialize_entry("flavor_id", &cluster.flavor_id)?;
        map.serialize_entry("create_timeout", &cluster.create_timeout)?;
        self.linked(&mut map)?;
        map.serialize_entry("status", &cluster.status)?;
        if !is_short {
            map.serialize_entry("status_reason", &cluster.status_reason)?;
        }
        map.serialize_entry("health_status", &cluster.health_status)?;
        if is_short {
            map.serialize_entry("merge_labels", &false)?;
        } else {
            self.rest(&mut map)?;
        }
        map.end()
    }
}
