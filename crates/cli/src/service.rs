// SPDX-License-Identifier: Apache-2.0
//! `magnum service …`, `magnum stats …`, `magnum quotas …`: the operator's small lists.

use crate::context::Context;
use crate::error::Error;
use crate::paging::Paging;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

const SERVICE: &[&str] = &["id", "host", "binary", "state", "disabled", "disabled_reason", "created_at", "updated_at"];
const STATS: &[&str] = &["clusters", "nodes"];
const QUOTA_LIST: &[&str] = &["project_id", "resource", "hard_limit"];
const QUOTA: &[&str] = &["resource", "created_at", "updated_at", "hard_limit", "project_id", "id"];

/// `magnum service …`.
#[derive(Debug, Clone, Subcommand)]
pub enum Service {
    /// List Magnum's own services
    List,
}

/// `magnum stats …`.
#[derive(Debug, Clone, Subcommand)]
pub enum Stats {
    /// Count a project's clusters and nodes; without a project, all that may be seen
    List {
        /// The project
        project: Option<String>,
    },
}

/// `magnum quotas …`.
#[derive(Debug, Clone, Subcommand)]
pub enum Quotas {
    /// List quotas
    List {
        #[command(flatten)]
        paging: Paging,
        /// Of all projects
        #[arg(long)]
        all_tenants: bool,
    },
    /// Show a quota
    Show(Key),
    /// Set a quota
    Create(Limit),
    /// Change a quota
    Update(Limit),
    /// Remove a quota
    Delete(Key),
}

/// Which quota.
#[derive(Debug, Clone, Args)]
pub struct Key {
    /// The project
    #[arg(long)]
    pub project_id: String,
    /// What is limited: Cluster
    #[arg(long)]
    pub resource: String,
}

/// A quota and its limit.
#[derive(Debug, Clone, Args)]
pub struct Limit {
    #[command(flatten)]
    pub key: Key,
    /// At most this many
    #[arg(long, default_value_t = 1, allow_negative_numbers = true)]
    pub hard_limit: i64,
}

impl Service {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Error> {
        let rows = context.client()?.list(&["mservices"], "mservices", &[], None).await?;
        context.printer.list(SERVICE, &rows)
    }
}

impl Stats {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Error> {
        let Stats::List { project } = self;
        let mut request = context.client()?.get(&["stats"]);
        if let Some(project) = project {
            request = request.query("project_id", project);
        }
        context.printer.properties("Property", STATS, &request.send().await?)
    }
}

impl Quotas {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Error> {
        let client = context.client()?;
        match self {
            Quotas::List { paging, all_tenants } => {
                let more: Vec<(&str, String)> = all_tenants.then(|| ("all_tenants", "True".to_owned())).into_iter().collect();
                context.printer.list(QUOTA_LIST, &paging.list(context, &["quotas"], "quotas", &more).await?)
            }
            Quotas::Show(key) => print_quota(context, &client.get(&key.path()).send().await?),
            Quotas::Create(limit) => print_quota(context, &client.post(&["quotas"], limit.body()).send().await?),
            Quotas::Update(limit) => print_quota(context, &client.patch(&limit.key.path(), limit.body()).send().await?),
            Quotas::Delete(key) => {
                client.delete(&key.path()).send().await?;
                let sentence =
                    format!("Request to delete quota for project id {} and resource {} has been accepted.", key.project_id, key.resource);
                context.printer.accepted(&sentence, &json!({"project_id": key.project_id, "resource": key.resource, "request": "delete"}))
            }
        }
    }
}

/// As the Python client prints it: in the order of the answer.
fn print_quota(context: &Context, quota: &Value) -> Result<(), Error> {
    let mut columns: Vec<&str> = quota.as_object().into_iter().flat_map(|fields| fields.keys()).map(String::as_str).collect();
    columns.extend(QUOTA.iter().filter(|name| quota.get(**name).is_none()));
    context.printer.properties("Property", &columns, quota)
}

impl Key {
    fn path(&self) -> [&str; 3] {
        ["quotas", &self.project_id, &self.resource]
    }
}

impl Limit {
    fn body(&self) -> Value {
        json!({"project_id": self.key.project_id, "resource": self.key.resource, "hard_limit": self.hard_limit})
    }
}
