// SPDX-License-Identifier: Apache-2.0
//! `magnum cluster-template …`.

pub(crate) mod create;
pub(crate) mod update;

use crate::context::Context;
use crate::error::Error;
use crate::paging::Paging;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

/// The list's columns, as in the Python client.
pub(crate) const LIST: &[&str] = &["uuid", "name", "tags"];

/// The columns of one template, as in the Python client.
pub(crate) const SHOW: &[&str] = &[
    "insecure_registry",
    "labels",
    "updated_at",
    "floating_ip_enabled",
    "fixed_subnet",
    "master_flavor_id",
    "uuid",
    "no_proxy",
    "https_proxy",
    "tls_disabled",
    "keypair_id",
    "public",
    "http_proxy",
    "docker_volume_size",
    "server_type",
    "external_network_id",
    "cluster_distro",
    "image_id",
    "volume_driver",
    "registry_enabled",
    "docker_storage_driver",
    "apiserver_port",
    "name",
    "created_at",
    "network_driver",
    "fixed_network",
    "coe",
    "flavor_id",
    "master_lb_enabled",
    "dns_nameserver",
    "project_id",
    "hidden",
    "tags",
    "driver",
];

/// `magnum cluster-template …`.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// List cluster templates
    List(ListArguments),
    /// Show a cluster template
    Show {
        /// The template's name or uuid
        template: String,
    },
    /// Create a cluster template; what a cloud would ask for has defaults
    Create(create::Arguments),
    /// Change a cluster template
    Update(update::Arguments),
    /// Delete cluster templates
    Delete {
        /// The templates' names or uuids
        #[arg(required = true)]
        template: Vec<String>,
    },
}

/// Arguments of `cluster-template list`.
#[derive(Debug, Clone, Default, Args)]
pub struct ListArguments {
    #[command(flatten)]
    pub paging: Paging,
    /// Print these fields too, separated by commas
    #[arg(long, value_name = "FIELD,…", value_delimiter = ',')]
    pub fields: Vec<String>,
    /// Print every field
    #[arg(long, hide = true)]
    pub detail: bool,
}

impl Command {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Error> {
        match self {
            Command::List(arguments) => list(context, arguments).await,
            Command::Show { template } => show(context, template).await,
            Command::Create(arguments) => create::run(context, arguments).await,
            Command::Update(arguments) => update::run(context, arguments).await,
            Command::Delete { template } => delete(context, template).await,
        }
    }
}

pub(crate) async fn list(context: &Context, arguments: &ListArguments) -> Result<(), Error> {
    list_of(context, arguments, LIST).await
}

pub(crate) async fn list_of(context: &Context, arguments: &ListArguments, usual: &[&str]) -> Result<(), Error> {
    let rows = arguments.paging.list(context, &["clustertemplates"], "clustertemplates", &[]).await?;
    let mut columns: Vec<&str> = if arguments.detail { SHOW.to_vec() } else { usual.to_vec() };
    for field in &arguments.fields {
        if !columns.contains(&field.as_str()) {
            columns.push(field);
        }
    }
    context.printer.list(&columns, &rows)
}

pub(crate) async fn show(context: &Context, ident: &str) -> Result<(), Error> {
    print(context, &context.template(ident).await?)
}

/// One template. The openstack command has `-` for what a template does not say, in every format.
pub(crate) fn print(context: &Context, template: &Value) -> Result<(), Error> {
    let mut shown = template.clone();
    if let (true, Value::Object(fields)) = (context.printer.is_cliff(), &mut shown) {
        fields.values_mut().filter(|value| value.is_null()).for_each(|value| *value = "-".into());
    }
    context.printer.show(SHOW, &shown)
}

/// Tries each; the first failure decides the exit code.
pub(crate) async fn delete(context: &Context, templates: &[String]) -> Result<(), Error> {
    let mut first: Option<Error> = None;
    for template in templates {
        match context.client()?.delete(&["clustertemplates", template]).send().await {
            Ok(_) => {
                let object = json!({"name": template, "request": "delete"});
                context.printer.accepted(&format!("Request to delete cluster template {template} has been accepted."), &object)?;
            }
            Err(error) => {
                if let Some(earlier) = first.replace(error) {
                    context.printer.error(&earlier);
                }
            }
        }
    }
    first.map_or(Ok(()), Err)
}
