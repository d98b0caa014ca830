// SPDX-License-Identifier: Apache-2.0
//! `magnum coe …`: the words of `openstack coe …`. They are the same commands; only cluster templates have another word.

use crate::context::Context;
use crate::error::Error;
use crate::{authority, cluster, credential, nodegroup, service};
use clap::Subcommand;

/// `magnum coe …`.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Clusters, and cluster templates
    #[command(subcommand)]
    Cluster(Box<cluster::Command>),
    /// Node groups of a cluster
    #[command(subcommand)]
    Nodegroup(nodegroup::Command),
    /// Certificate authorities of a cluster
    #[command(subcommand)]
    Ca(authority::Command),
    /// Credentials of a cluster's nodes
    #[command(subcommand)]
    Credential(credential::Command),
    /// Magnum's own services
    #[command(subcommand)]
    Service(service::Service),
    /// How much there is
    #[command(subcommand)]
    Stats(service::Stats),
    /// How much a project may have
    #[command(subcommand)]
    Quotas(service::Quotas),
}

impl Command {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Error> {
        match self {
            Command::Cluster(command) => command.run(context).await,
            Command::Nodegroup(command) => command.run(context).await,
            Command::Ca(command) => command.run(context).await,
            Command::Credential(command) => command.run(context).await,
            Command::Service(command) => command.run(context).await,
            Command::Stats(command) => command.run(context).await,
            Command::Quotas(command) => command.run(context).await,
        }
    }
}
