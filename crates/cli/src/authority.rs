// SPDX-License-Identifier: Apache-2.0
//! `magnum ca …`: a cluster's certificate authorities. The PEM goes to standard output as it is.

use crate::context::{Context, text};
use crate::error::Error;
use crate::watch::{self, Goal};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::Path;

/// `magnum ca …`.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Show a CA's certificate
    Show {
        /// The cluster's name or uuid
        cluster: String,
        #[command(flatten)]
        which: Which,
    },
    /// Have a certificate request signed
    Sign {
        /// The cluster's name or uuid
        cluster: String,
        /// The file with the request, PEM; `-` is standard input
        csr: String,
        #[command(flatten)]
        which: Which,
    },
    /// Replace a cluster's CAs
    Rotate {
        /// The cluster's name or uuid
        cluster: String,
        /// Stay and show each node's progress until it is done
        #[arg(long)]
        watch: bool,
    },
}

/// Which of a cluster's CAs.
#[derive(Debug, Clone, Default, Args)]
pub struct Which {
    /// Which CA
    #[arg(long, value_name = "CA", value_parser = ["kubernetes", "kubelet", "etcd", "front_proxy", "front-proxy"])]
    pub ca_cert_type: Option<String>,
}

impl Command {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Error> {
        match self {
            Command::Show { cluster, which } => show(context, cluster, which).await,
            Command::Sign { cluster, csr, which } => sign(context, cluster, csr, which).await,
            Command::Rotate { cluster, watch } => rotate(context, cluster, *watch).await,
        }
    }
}

pub(crate) async fn show(context: &Context, cluster: &str, which: &Which) -> Result<(), Error> {
    let cluster = context.cluster(cluster).await?;
    let mut request = context.client()?.get(&["certificates", text(&cluster, "uuid")]);
    if let Some(kind) = &which.ca_cert_type {
        request = request.query("ca_cert_type", kind);
    }
    print(context, &request.send().await?)
}

pub(crate) async fn sign(context: &Context, cluster: &str, csr: &str, which: &Which) -> Result<(), Error> {
    let path = Path::new(csr);
    let content = if csr == "-" { context.printer.input() } else { std::fs::read_to_string(path) };
    let pem = content.map_err(|source| Error::File { doing: "reading", path: path.to_owned(), source })?;
    let cluster = context.cluster(cluster).await?;
    let mut body = json!({"cluster_uuid": text(&cluster, "uuid"), "csr": pem});
    if let Some(kind) = &which.ca_cert_type {
        body["ca_cert_type"] = json!(kind);
    }
    print(context, &context.client()?.post(&["certificates"], body).send().await?)
}

pub(crate) async fn rotate(context: &Context, ident: &str, watch: bool) -> Result<(), Error> {
    let before = if watch { Some(watch::mark(context, ident).await?) } else { None };
    let cluster = context.cluster(ident).await?;
    let uuid = text(&cluster, "uuid");
    context.client()?.patch(&["certificates", uuid], Value::Null).send().await?;
    let object = json!({"uuid": uuid, "request": "rotate"});
    context.printer.accepted(&format!("Request to rotate the CA certificate for cluster {uuid} has been accepted."), &object)?;
    match before {
        Some(before) => watch::run(context, Goal::Update, before).await,
        None => Ok(()),
    }
}

fn print(context: &Context, answer: &Value) -> Result<(), Error> {
    let pem = answer.get("pem").and_then(Value::as_str).ok_or_else(|| Error::unexpected("certificate"))?;
    if !context.printer.document(&json!({"cluster_uuid": answer.get("cluster_uuid"), "pem": pem}))? {
        context.printer.out(&format!("{}\n", pem.trim_end()));
    }
    Ok(())
}
