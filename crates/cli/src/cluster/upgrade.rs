// SPDX-License-Identifier: Apache-2.0
//! `magnum cluster upgrade`.

use crate::context::Context;
use crate::error::Error;
use crate::watch::{self, Goal};
use clap::Args;
use serde_json::json;

/// Arguments of `cluster upgrade`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// The cluster's name or uuid
    pub cluster: String,
    /// The name or uuid of the template that the cluster is to have
    pub cluster_template: String,
    /// Workers that are changed at the same time
    #[arg(long, default_value_t = 1)]
    pub max_batch_size: u32,
    /// The node group; without it, the masters and workers every cluster has
    #[arg(long)]
    pub nodegroup: Option<String>,
    /// Stay and show each node's progress until it is done
    #[arg(long)]
    pub watch: bool,
}

pub(crate) async fn run(context: &Context, arguments: &Arguments) -> Result<(), Error> {
    let cluster = &arguments.cluster;
    let before = if arguments.watch { Some(watch::mark(context, cluster).await?) } else { None };
    let mut body = json!({"cluster_template": arguments.cluster_template, "max_batch_size": arguments.max_batch_size});
    if let Some(group) = &arguments.nodegroup {
        body["nodegroup"] = json!(group);
    }
    let answer = context.client()?.post(&["clusters", cluster, "actions", "upgrade"], body).send().await?;
    let object = json!({"uuid": answer.get("uuid"), "request": "upgrade"});
    context.printer.accepted(&format!("Request to upgrade cluster {cluster} has been accepted."), &object)?;
    match before {
        Some(before) => watch::run(context, Goal::Update, before).await,
        None => Ok(()),
    }
}
