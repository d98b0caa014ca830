// SPDX-License-Identifier: Apache-2.0
//! `magnum cluster delete`: each cluster is tried, also after one failed; the first failure decides the exit code.

use crate::context::{Context, text};
use crate::error::Error;
use crate::watch::{self, Goal};
use clap::Args;
use serde_json::json;

/// Arguments of `cluster delete`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// The clusters' names or uuids
    #[arg(required = true)]
    pub cluster: Vec<String>,
    /// Stay and show the progress until the cluster is gone
    #[arg(long)]
    pub watch: bool,
}

pub(crate) async fn run(context: &Context, arguments: &Arguments) -> Result<(), Error> {
    let mut first: Option<Error> = None;
    for cluster in &arguments.cluster {
        let failed = one(context, cluster, arguments.watch).await.err();
        if let Some(earlier) = failed.and_then(|error| first.replace(error)) {
            context.printer.error(&earlier);
        }
    }
    first.map_or(Ok(()), Err)
}

async fn one(context: &Context, ident: &str, stay: bool) -> Result<(), Error> {
    let client = context.client()?;
    // The uuid, because a name could be another cluster's by the time this one is gone.
    let cluster = context.cluster(ident).await?;
    let uuid = text(&cluster, "uuid").to_owned();
    let before = if stay { Some(watch::mark(context, &uuid).await?) } else { None };
    client.delete(&["clusters", &uuid]).send().await?;
    let object = json!({"uuid": uuid, "name": cluster.get("name"), "request": "delete"});
    context.printer.accepted(&format!("Request to delete cluster {ident} has been accepted."), &object)?;
    match before {
        Some(before) => watch::run(context, Goal::Delete, before).await,
        None => Ok(()),
    }
}
