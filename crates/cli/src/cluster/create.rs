// SPDX-License-Identifier: Apache-2.0
//! `magnum cluster create`.

use super::SHOW;
use crate::argument;
use crate::context::{Context, text};
use crate::error::Error;
use crate::watch::{self, Goal, Mark};
use clap::Args;
use serde_json::{Map, Value, json};

/// Arguments of `cluster create`; the defaults are sent, as the Python client sends them.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// The new cluster's name; without one the server invents it
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// The template's name or uuid
    #[arg(long, value_name = "TEMPLATE")]
    pub cluster_template: String,
    /// How many masters: 1, 3, 5 …
    #[arg(long, default_value_t = 1)]
    pub master_count: u32,
    /// How many workers
    #[arg(long, default_value_t = 1)]
    pub node_count: u32,
    /// Labels, KEY=VALUE; separated by , or ; or repeated
    #[arg(long, value_name = "KEY=VALUE,…")]
    pub labels: Vec<String>,
    /// Lay the given labels over the template's instead of replacing them
    #[arg(long)]
    pub merge_labels: bool,
    /// The key pair
    #[arg(long)]
    pub keypair: Option<String>,
    /// The masters' flavor
    #[arg(long)]
    pub master_flavor: Option<String>,
    /// The workers' flavor
    #[arg(long)]
    pub flavor: Option<String>,
    /// The size of each node's container volume, GiB
    #[arg(long, value_name = "GIB")]
    pub docker_volume_size: Option<u32>,
    /// Give up after this many minutes
    #[arg(long, value_name = "MINUTES", default_value_t = 60)]
    pub timeout: u32,
    /// A discovery service's address
    #[arg(long, value_name = "URL")]
    pub discovery_url: Option<String>,
    /// An existing private network
    #[arg(long, value_name = "NETWORK")]
    pub fixed_network: Option<String>,
    /// An existing private subnet
    #[arg(long, value_name = "SUBNET")]
    pub fixed_subnet: Option<String>,
    /// Give every node a floating address
    #[arg(long, overrides_with = "floating_ip_disabled")]
    pub floating_ip_enabled: bool,
    /// Give no node a floating address
    #[arg(long, overrides_with = "floating_ip_enabled")]
    pub floating_ip_disabled: bool,
    /// Put a load balancer before the masters
    #[arg(long, overrides_with = "master_lb_disabled")]
    pub master_lb_enabled: bool,
    /// Put no load balancer before the masters
    #[arg(long, overrides_with = "master_lb_enabled")]
    pub master_lb_disabled: bool,
    /// Stay and show each node's progress until the cluster is there
    #[arg(long)]
    pub watch: bool,
}

/// On, off or not said.
pub(crate) fn switch(on: bool, off: bool) -> Option<bool> {
    (on || off).then_some(on)
}

impl Arguments {
    fn body(&self, template: &str) -> Result<Value, Error> {
        let mut body = json!({
            "cluster_template_id": template,
            "node_count": self.node_count,
            "master_count": self.master_count,
            "create_timeout": self.timeout,
        });
        let optional = [
            ("name", self.name.clone().map(Value::from)),
            ("keypair", self.keypair.clone().map(Value::from)),
            ("master_flavor_id", self.master_flavor.clone().map(Value::from)),
            ("flavor_id", self.flavor.clone().map(Value::from)),
            ("docker_volume_size", self.docker_volume_size.map(Value::from)),
            ("discovery_url", self.discovery_url.clone().map(Value::from)),
            ("fixed_network", self.fixed_network.clone().map(Value::from)),
            ("fixed_subnet", self.fixed_subnet.clone().map(Value::from)),
            ("floating_ip_enabled", switch(self.floating_ip_enabled, self.floating_ip_disabled).map(Value::from)),
            ("master_lb_enabled", switch(self.master_lb_enabled, self.master_lb_disabled).map(Value::from)),
            ("labels", if self.labels.is_empty() { None } else { Some(Value::Object(argument::labels(&self.labels)?)) }),
            ("merge_labels", self.merge_labels.then_some(Value::Bool(true))),
        ];
        set(&mut body, optional);
        Ok(body)
    }
}

/// Adds the fields that were given.
pub(crate) fn set<const N: usize>(body: &mut Value, fields: [(&str, Option<Value>); N]) {
    let given: Map<String, Value> = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    if let Value::Object(map) = body {
        map.extend(given);
    }
}

pub(crate) async fn run(context: &Context, arguments: &Arguments) -> Result<(), Error> {
    let template = context.template(&arguments.cluster_template).await?;
    let body = arguments.body(text(&template, "uuid"))?;
    let answer = context.client()?.post(&["clusters"], body).send().await?;
    let uuid = text(&answer, "uuid").to_owned();
    let name = match &arguments.name {
        Some(name) => name.clone(),
        None => text(&context.cluster(&uuid).await?, "name").to_owned(),
    };
    let sentence = format!("Request to create cluster {uuid} accepted");
    if !arguments.watch {
        context.printer.accepted(&sentence, &json!({"uuid": uuid, "name": name, "request": "create"}))?;
        context.printer.note(&format!("follow it with: magnum timeline --follow {name}"));
        return Ok(());
    }
    if context.printer.is_table() {
        context.printer.accepted(&sentence, &Value::Null)?;
    }
    let ended = watch::run(context, Goal::Create, Mark::of_new(&uuid, &name)).await;
    if !context.printer.is_table() {
        context.printer.show(SHOW, &context.cluster(&uuid).await?)?;
    }
    ended?;
    next(context, text(&template, "coe"), &name);
    Ok(())
}

/// The commands that use the new cluster.
fn next(context: &Context, coe: &str, cluster: &str) {
    let list = if coe.starts_with("swarm") { "docker node ls" } else { "kubectl get nodes" };
    context.printer.note(&format!("next:\n  eval $(magnum cluster config {cluster})\n  {list}"));
}
