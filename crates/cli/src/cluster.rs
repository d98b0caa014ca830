// SPDX-License-Identifier: Apache-2.0
//! `magnum cluster …`.

pub(crate) mod config;
pub(crate) mod create;
pub(crate) mod delete;
mod kubeconfig;
pub(crate) mod resize;
pub(crate) mod update;
pub(crate) mod upgrade;

use crate::context::Context;
use crate::error::Error;
use crate::paging::Paging;
use crate::template;
use clap::Subcommand;

/// The list's columns, as in the Python client.
pub(crate) const LIST: &[&str] = &["uuid", "name", "keypair", "node_count", "master_count", "status", "health_status"];

/// The columns of one cluster, as in the Python client.
pub(crate) const SHOW: &[&str] = &[
    "status",
    "health_status",
    "cluster_template_id",
    "node_addresses",
    "uuid",
    "cluster_id",
    "status_reason",
    "created_at",
    "updated_at",
    "coe_version",
    "labels",
    "labels_overridden",
    "labels_skipped",
    "labels_added",
    "fixed_network",
    "fixed_subnet",
    "floating_ip_enabled",
    "faults",
    "keypair",
    "api_address",
    "master_addresses",
    "master_lb_enabled",
    "create_timeout",
    "node_count",
    "discovery_url",
    "docker_volume_size",
    "master_count",
    "container_version",
    "name",
    "master_flavor_id",
    "flavor_id",
    "health_status_reason",
    "project_id",
];

/// `magnum cluster …`.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// List clusters
    List(Paging),
    /// Show a cluster
    Show {
        /// The cluster's name or uuid
        cluster: String,
    },
    /// Create a cluster
    Create(create::Arguments),
    /// Change a cluster
    Update(update::Arguments),
    /// Delete clusters
    Delete(delete::Arguments),
    /// Change the number of nodes
    Resize(resize::Arguments),
    /// Bring a cluster to another template, node by node
    Upgrade(upgrade::Arguments),
    /// Write the credentials of a cluster and print what a shell has to know: eval $(magnum cluster config c1)
    Config(config::Arguments),
    /// Cluster templates, in the openstack command's words
    #[command(subcommand, hide = true)]
    Template(Box<template::Command>),
}

impl Command {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Error> {
        match self {
            Command::List(paging) => list(context, paging, LIST).await,
            Command::Show { cluster } => show(context, cluster).await,
            Command::Create(arguments) => create::run(context, arguments).await,
            Command::Update(arguments) => update::run(context, arguments).await,
            Command::Delete(arguments) => delete::run(context, arguments).await,
            Command::Resize(arguments) => resize::run(context, arguments).await,
            Command::Upgrade(arguments) => upgrade::run(context, arguments).await,
            Command::Config(arguments) => config::run(context, arguments).await,
            Command::Template(command) => command.run(context).await,
        }
    }
}

pub(crate) async fn list(context: &Context, paging: &Paging, columns: &[&str]) -> Result<(), Error> {
    let rows = paging.list(context, &["clusters"], "clusters", &[]).await?;
    context.printer.list(columns, &rows)
}

pub(crate) async fn show(context: &Context, ident: &str) -> Result<(), Error> {
    context.printer.show(SHOW, &context.cluster(ident).await?)
}
