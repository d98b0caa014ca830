// SPDX-License-Identifier: Apache-2.0
//! `magnum nodegroup update`, in today's form (options) and in the older one (`replace min_node_count=1`).

use super::SHOW;
use crate::argument::{self, python_literal};
use crate::cluster::update::replace;
use crate::context::Context;
use crate::error::Error;
use clap::Args;
use serde_json::Value;

/// Arguments of `nodegroup update`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// The cluster's name or uuid
    pub cluster: String,
    /// The node group's name or uuid
    pub nodegroup: String,
    /// The older form: add, replace or remove
    #[arg(value_parser = ["add", "replace", "remove"])]
    pub op: Option<String>,
    /// The older form: PATH=VALUE
    #[arg(value_name = "PATH=VALUE", requires = "op")]
    pub attributes: Vec<String>,
    /// Never fewer than this
    #[arg(long)]
    pub min_nodes: Option<u32>,
    /// Never more than this
    #[arg(long)]
    pub max_nodes: Option<u32>,
    /// Labels of the Kubernetes nodes
    #[arg(long, value_name = "KEY=VALUE,…")]
    pub node_labels: Vec<String>,
    /// Taints of the Kubernetes nodes
    #[arg(long, value_name = "KEY=VALUE:EFFECT,…")]
    pub node_taints: Vec<String>,
}

pub(crate) async fn run(context: &Context, arguments: &Arguments) -> Result<(), Error> {
    let mut patch = match &arguments.op {
        Some(op) => argument::attributes(op, &arguments.attributes)?,
        None => Vec::new(),
    };
    // An empty text clears the field.
    let said = |given: &[String]| given.iter().filter(|text| !text.is_empty()).cloned().collect::<Vec<_>>();
    let labels = argument::labels(&said(&arguments.node_labels))?;
    let taints = argument::taints(&said(&arguments.node_taints))?;
    patch.extend(replace([
        ("min_node_count", arguments.min_nodes.map(Value::from)),
        ("max_node_count", arguments.max_nodes.map(Value::from)),
        ("node_labels", (!arguments.node_labels.is_empty()).then(|| Value::from(python_literal(&Value::Object(labels))))),
        ("node_taints", (!arguments.node_taints.is_empty()).then(|| Value::from(python_literal(&Value::Array(taints))))),
    ]));
    if patch.is_empty() {
        return Err(Error::usage("Nothing to update."));
    }
    let path = ["clusters", arguments.cluster.as_str(), "nodegroups", arguments.nodegroup.as_str()];
    let group = context.client()?.patch(&path, Value::Array(patch)).send().await?;
    context.printer.show(SHOW, &group)
}
