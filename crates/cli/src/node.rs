// SPDX-License-Identifier: Apache-2.0
//! `magnum node …`: the nodes of a cluster, and what can be done to one.

mod exec;
mod shell;

use crate::context::{Context, text};
use crate::error::Error;
use crate::output::plain;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

/// The table's columns.
const TABLE: &[&str] = &["name", "role", "address", "status", "step", "step_state", "step_detail", "seconds"];

/// All that is known of a node; what programs read.
const ALL: &[&str] =
    &["name", "group", "role", "address", "status", "step", "step_state", "step_detail", "step_seconds", "seconds", "versions"];

/// `magnum node …`.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// List a cluster's nodes
    List {
        /// The cluster's name or uuid
        cluster: String,
    },
    /// Run a program on a node; its exit code becomes this command's
    Exec(exec::Arguments),
    /// Print the end of a node's serial console, which works when the network does not
    Console {
        #[command(flatten)]
        node: Node,
        /// How many bytes from the end
        #[arg(long, default_value_t = 65_536, value_name = "N")]
        bytes: u32,
    },
    /// Cut a node's power
    Stop {
        #[command(flatten)]
        node: Node,
    },
    /// Restore a node's power
    Start {
        #[command(flatten)]
        node: Node,
    },
    /// Type commands that run on a node, line by line
    Shell {
        #[command(flatten)]
        node: Node,
    },
}

/// A node of a cluster.
#[derive(Debug, Clone, Args)]
pub struct Node {
    /// The cluster's name or uuid
    pub cluster: String,
    /// The node's name, such as master-0 or node-1
    pub node: String,
}

impl Command {
    /// Answers the exit code of a program that ran on the node; 0 otherwise.
    pub(crate) async fn run(&self, context: &Context) -> Result<u8, Error> {
        match self {
            Command::List { cluster } => list(context, cluster).await?,
            Command::Exec(arguments) => return exec::run(context, arguments).await,
            Command::Console { node, bytes } => console(context, node, *bytes).await?,
            Command::Stop { node } => power(context, node, "stop").await?,
            Command::Start { node } => power(context, node, "start").await?,
            Command::Shell { node } => return shell::run(context, node).await,
        }
        Ok(0)
    }
}

async fn list(context: &Context, cluster: &str) -> Result<(), Error> {
    let nodes = context.client()?.list(&["clusters", cluster, "nodes"], "nodes", &[], None).await?;
    context.printer.list(if context.printer.is_table() { TABLE } else { ALL }, &nodes)
}

async fn console(context: &Context, node: &Node, bytes: u32) -> Result<(), Error> {
    let request = context.client()?.get(&["clusters", &node.cluster, "nodes", &node.node, "console"]).query("bytes", &bytes.to_string());
    let answer = request.send().await?;
    if !context.printer.document(&answer)? {
        let lines = text(&answer, "output").replace("\r\n", "\n");
        context.printer.out(&format!("{}\n", plain(lines.trim_end())));
    }
    Ok(())
}

async fn power(context: &Context, node: &Node, action: &str) -> Result<(), Error> {
    context
        .client()?
        .post(&["clusters", &node.cluster, "nodes", &node.node, "actions", action], Value::Object(serde_json::Map::default()))
        .send()
        .await?;
    let object = json!({"cluster": node.cluster, "name": node.node, "request": action});
    context.printer.accepted(&format!("Request to {action} node {} of cluster {} has been accepted.", node.node, node.cluster), &object)
}
