// SPDX-License-Identifier: Apache-2.0
//! `magnum nodegroup create`.

use crate::argument;
use crate::cluster::create::set;
use crate::context::{Context, text};
use crate::error::Error;
use crate::watch::{self, Goal};
use clap::Args;
use serde_json::{Value, json};

/// Arguments of `nodegroup create`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// The cluster's name or uuid
    pub cluster: String,
    /// The new group's name
    pub name: String,
    /// How many nodes
    #[arg(long, default_value_t = 1)]
    pub node_count: u32,
    /// Never fewer than this
    #[arg(long)]
    pub min_nodes: Option<u32>,
    /// Never more than this
    #[arg(long)]
    pub max_nodes: Option<u32>,
    /// The nodes' role
    #[arg(long, default_value = "worker")]
    pub role: String,
    /// The nodes' image
    #[arg(long)]
    pub image: Option<String>,
    /// The nodes' flavor
    #[arg(long)]
    pub flavor: Option<String>,
    /// The size of each node's container volume, GiB
    #[arg(long, value_name = "GIB")]
    pub docker_volume_size: Option<u32>,
    /// Labels, KEY=VALUE; separated by , or ; or repeated
    #[arg(long, value_name = "KEY=VALUE,…")]
    pub labels: Vec<String>,
    /// Lay the given labels over the cluster's instead of replacing them
    #[arg(long)]
    pub merge_labels: bool,
    /// Labels of the Kubernetes nodes
    #[arg(long, value_name = "KEY=VALUE,…")]
    pub node_labels: Vec<String>,
    /// Taints of the Kubernetes nodes
    #[arg(long, value_name = "KEY=VALUE:EFFECT,…")]
    pub node_taints: Vec<String>,
    /// Stay and show each node's progress until it is done
    #[arg(long)]
    pub watch: bool,
}

pub(crate) async fn run(context: &Context, arguments: &Arguments) -> Result<(), Error> {
    let mut body = json!({"name": arguments.name, "node_count": arguments.node_count, "role": arguments.role});
    let labels = |given: &[String]| if given.is_empty() { Ok(None) } else { argument::labels(given).map(|map| Some(Value::Object(map))) };
    let taints = argument::taints(&arguments.node_taints)?;
    set(
        &mut body,
        [
            ("min_node_count", arguments.min_nodes.map(Value::from)),
            ("max_node_count", arguments.max_nodes.map(Value::from)),
            ("image_id", arguments.image.clone().map(Value::from)),
            ("flavor_id", arguments.flavor.clone().map(Value::from)),
            ("docker_volume_size", arguments.docker_volume_size.map(Value::from)),
            ("labels", labels(&arguments.labels)?),
            ("merge_labels", arguments.merge_labels.then_some(Value::Bool(true))),
            ("node_labels", labels(&arguments.node_labels)?),
            ("node_taints", (!taints.is_empty()).then_some(Value::Array(taints))),
        ],
    );
    let cluster = &arguments.cluster;
    let before = if arguments.watch { Some(watch::mark(context, cluster).await?) } else { None };
    let group = context.client()?.post(&["clusters", cluster, "nodegroups"], body).send().await?;
    let object = json!({"uuid": group.get("uuid"), "name": group.get("name"), "request": "create"});
    context.printer.accepted(&format!("Request to create nodegroup {} accepted", text(&group, "uuid")), &object)?;
    match before {
        Some(before) => watch::run(context, Goal::Update, before).await,
        None => Ok(()),
    }
}
