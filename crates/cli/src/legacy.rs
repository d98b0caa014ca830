// SPDX-License-Identifier: Apache-2.0
//! The words of 2015 (`bay-create`, `baymodel-list` …) and of the former `magnum` client (`cluster-create` …), with
//! their own flags. They ask the same things of the same resources; nothing but the words differs.

mod create;
mod show;

use crate::authority::{self, Which};
use crate::context::Context;
use crate::error::Error;
use crate::paging::Paging;
use crate::{cluster, service, template};
use clap::{Args, CommandFactory, Subcommand};

const BAYS: &[&str] = &["uuid", "name", "node_count", "master_count", "status"];
const CLUSTERS: &[&str] = &["uuid", "name", "keypair", "node_count", "master_count", "status"];

/// The older commands.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Create a bay: cluster create
    #[command(hide = true)]
    BayCreate(create::Cluster),
    /// List bays: cluster list
    #[command(hide = true)]
    BayList(Listing),
    /// Show a bay: cluster show
    #[command(hide = true)]
    BayShow(Shown),
    /// Change a bay: cluster update
    #[command(hide = true)]
    BayUpdate(cluster::update::Arguments),
    /// Delete bays: cluster delete
    #[command(hide = true)]
    BayDelete(cluster::delete::Arguments),
    /// Write a bay's credentials: cluster config
    #[command(hide = true)]
    BayConfig(cluster::config::Arguments),
    /// Create a baymodel: cluster-template create
    #[command(hide = true)]
    BaymodelCreate(create::Template),
    /// List baymodels: cluster-template list
    #[command(hide = true)]
    BaymodelList(template::ListArguments),
    /// Show a baymodel: cluster-template show
    #[command(hide = true)]
    BaymodelShow(Shown),
    /// Change a baymodel: cluster-template update
    #[command(hide = true)]
    BaymodelUpdate(template::update::Arguments),
    /// Delete baymodels: cluster-template delete
    #[command(hide = true)]
    BaymodelDelete(Many),
    /// cluster create
    #[command(hide = true)]
    ClusterCreate(create::Cluster),
    /// cluster list
    #[command(hide = true)]
    ClusterList(Listing),
    /// cluster show
    #[command(hide = true)]
    ClusterShow(Shown),
    /// cluster update
    #[command(hide = true)]
    ClusterUpdate(cluster::update::Arguments),
    /// cluster delete
    #[command(hide = true)]
    ClusterDelete(cluster::delete::Arguments),
    /// cluster config
    #[command(hide = true)]
    ClusterConfig(cluster::config::Arguments),
    /// cluster-template create
    #[command(hide = true)]
    ClusterTemplateCreate(create::Template),
    /// cluster-template list
    #[command(hide = true)]
    ClusterTemplateList(template::ListArguments),
    /// cluster-template show
    #[command(hide = true)]
    ClusterTemplateShow(Shown),
    /// cluster-template update
    #[command(hide = true)]
    ClusterTemplateUpdate(template::update::Arguments),
    /// cluster-template delete
    #[command(hide = true)]
    ClusterTemplateDelete(Many),
    /// ca show
    #[command(hide = true)]
    CaShow(Of),
    /// ca sign
    #[command(hide = true)]
    CaSign {
        /// The file with the request, PEM
        #[arg(long)]
        csr: String,
        #[command(flatten)]
        of: Of,
    },
    /// ca rotate
    #[command(hide = true)]
    CaRotate(Of),
    /// service list
    #[command(hide = true)]
    ServiceList,
    /// stats list
    #[command(hide = true)]
    StatsList {
        /// The project
        #[arg(long)]
        project_id: Option<String>,
    },
    /// quotas list
    #[command(hide = true)]
    QuotasList {
        #[command(flatten)]
        paging: Paging,
        /// Of all projects
        #[arg(long)]
        all_tenants: bool,
    },
    /// quotas show
    #[command(hide = true)]
    QuotasShow(service::Key),
    /// quotas create
    #[command(hide = true)]
    QuotasCreate(service::Limit),
    /// quotas update
    #[command(hide = true)]
    QuotasUpdate(service::Limit),
    /// quotas delete
    #[command(hide = true)]
    QuotasDelete(service::Key),
    /// Print all words on one line, as the former client's completion script wants them; better: completion
    #[command(hide = true, alias = "bash_completion")]
    BashCompletion,
}

/// One thing by name or uuid.
#[derive(Debug, Clone, Args)]
pub struct Shown {
    /// The name or uuid
    pub ident: String,
    /// Show the fields of the cluster's template too
    #[arg(long)]
    pub long: bool,
}

/// Several things by name or uuid.
#[derive(Debug, Clone, Args)]
pub struct Many {
    /// The names or uuids
    #[arg(required = true)]
    pub ident: Vec<String>,
}

/// The cluster of a certificate, in all spellings there were.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct Of {
    /// The cluster's name or uuid
    pub ident: Option<String>,
    /// The cluster's name or uuid
    #[arg(long = "cluster", alias = "bay", value_name = "CLUSTER")]
    pub named: Option<String>,
}

impl Of {
    fn cluster(&self) -> &str {
        self.ident.as_deref().or(self.named.as_deref()).unwrap_or_default()
    }
}

/// A list with more columns on demand.
#[derive(Debug, Clone, Args)]
pub struct Listing {
    #[command(flatten)]
    pub paging: Paging,
    /// Print these fields too, separated by commas
    #[arg(long, value_name = "FIELD,…", value_delimiter = ',')]
    pub fields: Vec<String>,
}

impl Listing {
    async fn print(&self, context: &Context, columns: &[&str]) -> Result<(), Error> {
        let mut columns = columns.to_vec();
        columns.extend(self.fields.iter().map(String::as_str));
        cluster::list(context, &self.paging, &columns).await
    }
}

impl Command {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Error> {
        use Command as C;
        match self {
            C::BayCreate(a) | C::ClusterCreate(a) => cluster::create::run(context, &a.modern()?).await,
            C::BayList(a) => a.print(context, BAYS).await,
            C::ClusterList(a) => a.print(context, CLUSTERS).await,
            C::BayShow(a) => show::cluster(context, a, show::BAY).await,
            C::ClusterShow(a) => show::cluster(context, a, show::CLUSTER).await,
            C::BayUpdate(a) | C::ClusterUpdate(a) => cluster::update::run(context, a).await,
            C::BayDelete(a) | C::ClusterDelete(a) => cluster::delete::run(context, a).await,
            C::BayConfig(a) | C::ClusterConfig(a) => cluster::config::run(context, a).await,
            C::BaymodelCreate(a) | C::ClusterTemplateCreate(a) => template::create::run(context, &a.modern()?).await,
            C::BaymodelList(a) | C::ClusterTemplateList(a) if context.printer.is_table() => {
                template::list_of(context, a, &template::LIST[..2]).await
            }
            C::BaymodelList(a) | C::ClusterTemplateList(a) => template::list(context, a).await,
            C::BaymodelShow(a) | C::ClusterTemplateShow(a) => show::template(context, &a.ident).await,
            C::BaymodelUpdate(a) | C::ClusterTemplateUpdate(a) => template::update::run(context, a).await,
            C::BaymodelDelete(a) | C::ClusterTemplateDelete(a) => template::delete(context, &a.ident).await,
            C::CaShow(of) => authority::show(context, of.cluster(), &Which::default()).await,
            C::CaSign { csr, of } => authority::sign(context, of.cluster(), csr, &Which::default()).await,
            C::CaRotate(of) => authority::rotate(context, of.cluster(), false).await,
            C::ServiceList => service::Service::List.run(context).await,
            C::StatsList { project_id } => service::Stats::List { project: project_id.clone() }.run(context).await,
            C::QuotasList { paging, all_tenants } => {
                service::Quotas::List { paging: paging.clone(), all_tenants: *all_tenants }.run(context).await
            }
            C::QuotasShow(key) => service::Quotas::Show(key.clone()).run(context).await,
            C::QuotasCreate(limit) => service::Quotas::Create(limit.clone()).run(context).await,
            C::QuotasUpdate(limit) => service::Quotas::Update(limit.clone()).run(context).await,
            C::QuotasDelete(key) => service::Quotas::Delete(key.clone()).run(context).await,
            C::BashCompletion => {
                context.printer.out(&format!("{}\n", words().join(" ")));
                Ok(())
            }
        }
    }
}

/// Every command and every option there is.
fn words() -> Vec<String> {
    fn collect(command: &clap::Command, found: &mut Vec<String>) {
        for below in command.get_subcommands() {
            found.push(below.get_name().to_owned());
            collect(below, found);
        }
        found.extend(command.get_opts().filter_map(|arg| Some(format!("--{}", arg.get_long()?))));
    }
    let mut found = Vec::new();
    collect(&crate::Cli::command(), &mut found);
    found.sort_unstable();
    found.dedup();
    found
}
