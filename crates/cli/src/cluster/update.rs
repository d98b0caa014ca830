// SPDX-License-Identifier: Apache-2.0
//! `magnum cluster update`, in today's form (options) and in the older one (`replace node_count=3`).

use crate::argument;
use crate::context::Context;
use crate::error::Error;
use crate::watch::{self, Goal};
use clap::Args;
use serde_json::{Value, json};

/// Arguments of `cluster update`.
#[derive(Debug, Clone, Default, Args)]
pub struct Arguments {
    /// The cluster's name or uuid
    pub cluster: String,
    /// The older form: add, replace or remove
    #[arg(value_parser = ["add", "replace", "remove"])]
    pub op: Option<String>,
    /// The older form: PATH=VALUE
    #[arg(value_name = "PATH=VALUE", requires = "op")]
    pub attributes: Vec<String>,
    /// The new name
    #[arg(long)]
    pub name: Option<String>,
    /// The new number of workers
    #[arg(long)]
    pub node_count: Option<u32>,
    /// The new number of masters
    #[arg(long)]
    pub master_count: Option<u32>,
    /// Set a label; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub label: Vec<String>,
    /// Remove a label; may be repeated
    #[arg(long, value_name = "KEY")]
    pub no_label: Vec<String>,
    /// Go back when it fails
    #[arg(long)]
    pub rollback: bool,
    /// Stay and show each node's progress until it is done
    #[arg(long)]
    pub watch: bool,
}

/// `/labels/KEY` operations. `add` sets a label whether or not it is there.
pub(crate) fn label_patch(set: &[String], remove: &[String]) -> Result<Vec<Value>, Error> {
    let mut patch = Vec::new();
    for label in set {
        let (key, value) = label.split_once('=').ok_or_else(|| Error::usage(format!("labels must be a list of KEY=VALUE not {label}")))?;
        patch.push(json!({"op": "add", "path": format!("/labels/{key}"), "value": value}));
    }
    patch.extend(remove.iter().map(|key| json!({"op": "remove", "path": format!("/labels/{key}")})));
    Ok(patch)
}

/// `replace` operations for the fields that were given.
pub(crate) fn replace<const N: usize>(fields: [(&str, Option<Value>); N]) -> Vec<Value> {
    let given = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
    given.map(|(name, value)| json!({"op": "replace", "path": format!("/{name}"), "value": value})).collect()
}

pub(crate) async fn run(context: &Context, arguments: &Arguments) -> Result<(), Error> {
    let mut patch = match &arguments.op {
        Some(op) => argument::attributes(op, &arguments.attributes)?,
        None => Vec::new(),
    };
    patch.extend(replace([
        ("name", arguments.name.clone().map(Value::from)),
        ("node_count", arguments.node_count.map(Value::from)),
        ("master_count", arguments.master_count.map(Value::from)),
    ]));
    patch.extend(label_patch(&arguments.label, &arguments.no_label)?);
    if patch.is_empty() {
        return Err(Error::usage("Nothing to update."));
    }
    let cluster = &arguments.cluster;
    let before = if arguments.watch { Some(watch::mark(context, cluster).await?) } else { None };
    let mut request = context.client()?.patch(&["clusters", cluster], Value::Array(patch));
    if arguments.rollback {
        request = request.query("rollback", "True");
    }
    let answer = request.send().await?;
    let object = json!({"uuid": answer.get("uuid"), "request": "update"});
    context.printer.accepted(&format!("Request to update cluster {cluster} has been accepted."), &object)?;
    match before {
        Some(before) => watch::run(context, Goal::Update, before).await,
        None => Ok(()),
    }
}
