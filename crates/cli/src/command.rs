// SPDX-License-Identifier: Apache-2.0
//! The command line.

use crate::database::DatabaseArgs;
use crate::global::Global;
use crate::hooks::{ImageArgs, OnlyApiArgs, OnlyConductorArgs, ServeArgs};
use crate::settings::{ConfigCommand, PolicyCommand};
use crate::{authority, cluster, coe, credential, doctor, explain, legacy, node, nodegroup, service, template, timeline};
use clap::{Parser, Subcommand};
use clap_complete::Shell;

/// Clusters of real hosts for Kubernetes and Docker Swarm, and why they do not work.
#[derive(Debug, Clone, Parser)]
#[command(name = "magnum", version, disable_help_subcommand = true, arg_required_else_help = true, after_help = AFTER)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

const AFTER: &str = "\
The commands of 2015 (bay-create, baymodel-list …), of the former magnum client (cluster-create …) and of the openstack
command (coe cluster template list …) work too.
Every command, the exit codes and the JSON output are described in docs/cli.md and docs/cli-json.md.";

/// What to do.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Clusters
    #[command(subcommand)]
    Cluster(cluster::Command),
    /// Cluster templates: kinds of clusters
    #[command(subcommand)]
    ClusterTemplate(template::Command),
    /// Node groups of a cluster
    #[command(subcommand)]
    Nodegroup(nodegroup::Command),
    /// Nodes of a cluster
    #[command(subcommand)]
    Node(node::Command),
    /// Say what is wrong with a cluster, why, and what to do
    Doctor(doctor::Arguments),
    /// Say what a fault is, how it is found, and what to do; needs no server
    Explain(explain::Arguments),
    /// Show what happened to a cluster, step by step
    Timeline(timeline::Arguments),
    /// Certificate authorities of a cluster
    #[command(subcommand)]
    Ca(authority::Command),
    /// Credentials of a cluster's nodes
    #[command(subcommand)]
    Credential(credential::Command),
    /// Node images on this machine
    Image(ImageArgs),
    /// The database: its tables, their version, copying it
    Db(DatabaseArgs),
    /// Run the server: API, conductor and local engine in one process
    Serve(ServeArgs),
    /// Run the API alone; any number of them and of conductors share a database
    Api(OnlyApiArgs),
    /// Run a conductor alone, which makes and keeps the clusters
    Conductor(OnlyConductorArgs),
    /// The server's settings: show, check, print a sample
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Who may do what: list, check and explain the rules
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Magnum's own services
    #[command(subcommand)]
    Service(service::Service),
    /// How much there is
    #[command(subcommand)]
    Stats(service::Stats),
    /// How much a project may have
    #[command(subcommand)]
    Quotas(service::Quotas),
    /// Print a shell's completion script
    Completion {
        /// The shell
        shell: Shell,
    },
    /// Print docs/cli.md
    #[command(hide = true)]
    Docs,
    /// The words of the openstack command: `coe cluster template list` is `cluster-template list`
    #[command(subcommand, hide = true)]
    Coe(coe::Command),
    #[command(flatten)]
    Legacy(legacy::Command),
}
