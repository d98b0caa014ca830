// SPDX-License-Identifier: Apache-2.0
//! `magnum credential …`: the credentials with which a cluster's nodes speak to Magnum.

use crate::context::{Context, text};
use crate::error::Error;
use crate::watch::{self, Goal};
use clap::Subcommand;
use serde_json::{Value, json};

/// `magnum credential …`.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Replace a cluster's credentials
    Rotate {
        /// The cluster's name or uuid
        cluster: String,
        /// Stay and show each node's progress until it is done
        #[arg(long)]
        watch: bool,
    },
}

impl Command {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Error> {
        let Command::Rotate { cluster: ident, watch } = self;
        let before = if *watch { Some(watch::mark(context, ident).await?) } else { None };
        let cluster = context.cluster(ident).await?;
        let uuid = text(&cluster, "uuid");
        context.client()?.patch(&["credentials", uuid], Value::Null).send().await?;
        let object = json!({"uuid": uuid, "request": "rotate"});
        context.printer.accepted(&format!("Request to rotate credentials for cluster {uuid} accepted."), &object)?;
        match before {
            Some(before) => watch::run(context, Goal::Update, before).await,
            None => Ok(()),
        }
    }
}
