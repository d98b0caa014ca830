// SPDX-License-Identifier: Apache-2.0
//! `magnum cluster resize`.

use crate::context::Context;
use crate::error::Error;
use crate::watch::{self, Goal};
use clap::Args;
use serde_json::json;

/// Arguments of `cluster resize`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// The cluster's name or uuid
    pub cluster: String,
    /// The new number of nodes in the group
    pub node_count: u32,
    /// Remove this node first; may be repeated
    #[arg(long, value_name = "NODE")]
    pub nodes_to_remove: Vec<String>,
    /// The node group; without it, the workers
    #[arg(long)]
    pub nodegroup: Option<String>,
    /// Stay and show each node's progress until it is done
    #[arg(long)]
    pub watch: bool,
}

pub(crate) async fn run(context: &Context, arguments: &Arguments) -> Result<(), Error> {
    let cluster = &arguments.cluster;
    let before = if arguments.watch { Some(watch::mark(context, cluster).await?) } else { None };
    let mut body = json!({"node_count": arguments.node_count});
    if !arguments.nodes_to_remove.is_empty() {
        body["nodes_to_remove"] = json!(arguments.nodes_to_remove);
    }
    if let Some(group) = &arguments.nodegroup {
        body["nodegroup"] = json!(group);
    }
    let answer = context.client()?.post(&["clusters", cluster, "actions", "resize"], body).send().await?;
    let object = json!({"uuid": answer.get("uuid"), "request": "resize"});
    context.printer.accepted(&format!("Request to resize cluster {cluster} has been accepted."), &object)?;
    match before {
        Some(before) => watch::run(context, Goal::Update, before).await,
        None => Ok(()),
    }
}
