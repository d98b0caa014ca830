// SPDX-License-Identifier: Apache-2.0
//! `magnum nodegroup …`.

mod create;
mod update;

use crate::context::Context;
use crate::error::Error;
use crate::paging::Paging;
use clap::Subcommand;
use serde_json::json;

/// The list's columns, as in the Python client.
const LIST: &[&str] = &["uuid", "name", "flavor_id", "image_id", "node_count", "status", "role"];

/// The columns of one node group, as in the Python client.
const SHOW: &[&str] = &[
    "uuid",
    "name",
    "cluster_id",
    "project_id",
    "docker_volume_size",
    "labels",
    "labels_overridden",
    "labels_skipped",
    "labels_added",
    "flavor_id",
    "image_id",
    "node_addresses",
    "node_count",
    "role",
    "max_node_count",
    "min_node_count",
    "is_default",
    "stack_id",
    "status",
    "status_reason",
    "node_labels",
    "node_taints",
];

/// `magnum nodegroup …`.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// List a cluster's node groups
    List {
        /// The cluster's name or uuid
        cluster: String,
        /// Only groups of this role
        #[arg(long)]
        role: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Show a node group
    Show {
        /// The cluster's name or uuid
        cluster: String,
        /// The node group's name or uuid
        nodegroup: String,
    },
    /// Add a node group to a cluster
    Create(create::Arguments),
    /// Change a node group
    Update(update::Arguments),
    /// Delete node groups
    Delete {
        /// The cluster's name or uuid
        cluster: String,
        /// The node groups' names or uuids
        #[arg(required = true)]
        nodegroup: Vec<String>,
    },
}

impl Command {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Error> {
        match self {
            Command::List { cluster, role, paging } => {
                let more: Vec<(&str, String)> = role.clone().map(|role| ("role", role)).into_iter().collect();
                let rows = paging.list(context, &["clusters", cluster, "nodegroups"], "nodegroups", &more).await?;
                context.printer.list(LIST, &rows)
            }
            Command::Show { cluster, nodegroup } => {
                let group = context.client()?.get(&["clusters", cluster, "nodegroups", nodegroup]).send().await?;
                context.printer.show(SHOW, &group)
            }
            Command::Create(arguments) => create::run(context, arguments).await,
            Command::Update(arguments) => update::run(context, arguments).await,
            Command::Delete { cluster, nodegroup } => delete(context, cluster, nodegroup).await,
        }
    }
}

/// Tries each; the first failure decides the exit code.
async fn delete(context: &Context, cluster: &str, groups: &[String]) -> Result<(), Error> {
    let mut first: Option<Error> = None;
    for group in groups {
        match context.client()?.delete(&["clusters", cluster, "nodegroups", group]).send().await {
            Ok(_) => {
                let object = json!({"name": group, "request": "delete"});
                context.printer.accepted(&format!("Request to delete nodegroup {group} has been accepted."), &object)?;
            }
            Err(error) => {
                if let Some(earlier) = first.replace(error) {
                    context.printer.error(&earlier);
                }
            }
        }
    }
    first.map_or(Ok(()), Err)
}
