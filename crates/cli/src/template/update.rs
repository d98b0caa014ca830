// SPDX-License-Identifier: Apache-2.0
//! `magnum cluster-template update`, in today's form (options) and in the older one (`replace name=x`).

use crate::argument;
use crate::cluster::create::switch;
use crate::cluster::update::{label_patch, replace};
use crate::context::Context;
use crate::error::Error;
use clap::Args;
use serde_json::Value;

/// Arguments of `cluster-template update`.
#[derive(Debug, Clone, Default, Args)]
pub struct Arguments {
    /// The template's name or uuid
    pub template: String,
    /// The older form: add, replace or remove
    #[arg(value_parser = ["add", "replace", "remove"])]
    pub op: Option<String>,
    /// The older form: PATH=VALUE
    #[arg(value_name = "PATH=VALUE", requires = "op")]
    pub attributes: Vec<String>,
    /// The new name
    #[arg(long)]
    pub name: Option<String>,
    /// The nodes' image
    #[arg(long)]
    pub image: Option<String>,
    /// The workers' flavor
    #[arg(long)]
    pub flavor: Option<String>,
    /// The masters' flavor
    #[arg(long)]
    pub master_flavor: Option<String>,
    /// The key pair
    #[arg(long)]
    pub keypair: Option<String>,
    /// The network that floating addresses come from
    #[arg(long, value_name = "NETWORK")]
    pub external_network: Option<String>,
    /// An existing private network
    #[arg(long, value_name = "NETWORK")]
    pub fixed_network: Option<String>,
    /// An existing private subnet
    #[arg(long, value_name = "SUBNET")]
    pub fixed_subnet: Option<String>,
    /// The pod network
    #[arg(long, value_name = "DRIVER")]
    pub network_driver: Option<String>,
    /// The volume driver
    #[arg(long, value_name = "DRIVER")]
    pub volume_driver: Option<String>,
    /// The cluster driver
    #[arg(long)]
    pub driver: Option<String>,
    /// The name servers outside the cluster
    #[arg(long, value_name = "ADDRESS,…")]
    pub dns_nameserver: Option<String>,
    /// The size of each node's container volume, GiB
    #[arg(long, value_name = "GIB")]
    pub docker_volume_size: Option<u32>,
    /// How Docker keeps its layers
    #[arg(long, value_name = "DRIVER")]
    pub docker_storage_driver: Option<String>,
    /// The proxy for HTTP
    #[arg(long, value_name = "URL")]
    pub http_proxy: Option<String>,
    /// The proxy for HTTPS
    #[arg(long, value_name = "URL")]
    pub https_proxy: Option<String>,
    /// What the proxies are not used for
    #[arg(long, value_name = "HOST,…")]
    pub no_proxy: Option<String>,
    /// A registry to be used without TLS
    #[arg(long, value_name = "HOST:PORT")]
    pub insecure_registry: Option<String>,
    /// Set a label; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub label: Vec<String>,
    /// Remove a label; may be repeated
    #[arg(long, value_name = "KEY")]
    pub no_label: Vec<String>,
    /// The new tags; may be repeated
    #[arg(long)]
    pub tag: Vec<String>,
    #[command(flatten)]
    pub switches: Switches,
}

/// What is on or off.
#[derive(Debug, Clone, Default, Args)]
pub struct Switches {
    /// Let other projects use the template
    #[arg(long, overrides_with = "private")]
    pub public: bool,
    /// Keep the template to this project
    #[arg(long, overrides_with = "public")]
    pub private: bool,
    /// Use no TLS
    #[arg(long, overrides_with = "tls_enabled")]
    pub tls_disabled: bool,
    /// Use TLS
    #[arg(long, overrides_with = "tls_disabled")]
    pub tls_enabled: bool,
    /// Run an image registry in the cluster
    #[arg(long, overrides_with = "registry_disabled")]
    pub registry_enabled: bool,
    /// Run no image registry in the cluster
    #[arg(long, overrides_with = "registry_enabled")]
    pub registry_disabled: bool,
    /// Put a load balancer before the masters
    #[arg(long, overrides_with = "master_lb_disabled")]
    pub master_lb_enabled: bool,
    /// Put no load balancer before the masters
    #[arg(long, overrides_with = "master_lb_enabled")]
    pub master_lb_disabled: bool,
    /// Give every node a floating address
    #[arg(long, overrides_with = "floating_ip_disabled")]
    pub floating_ip_enabled: bool,
    /// Give no node a floating address
    #[arg(long, overrides_with = "floating_ip_enabled")]
    pub floating_ip_disabled: bool,
    /// Keep the template out of lists
    #[arg(long, overrides_with = "visible")]
    pub hidden: bool,
    /// Show the template in lists
    #[arg(long, overrides_with = "hidden")]
    pub visible: bool,
}

impl Arguments {
    fn patch(&self) -> Result<Vec<Value>, Error> {
        let text = |value: &Option<String>| value.clone().map(Value::from);
        let on = |on, off| switch(on, off).map(Value::from);
        let s = &self.switches;
        let mut patch = match &self.op {
            Some(op) => argument::attributes(op, &self.attributes)?,
            None => Vec::new(),
        };
        patch.extend(replace([
            ("name", text(&self.name)),
            ("image_id", text(&self.image)),
            ("flavor_id", text(&self.flavor)),
            ("master_flavor_id", text(&self.master_flavor)),
            ("keypair_id", text(&self.keypair)),
            ("external_network_id", text(&self.external_network)),
            ("fixed_network", text(&self.fixed_network)),
            ("fixed_subnet", text(&self.fixed_subnet)),
            ("network_driver", text(&self.network_driver)),
            ("volume_driver", text(&self.volume_driver)),
            ("driver", text(&self.driver)),
            ("dns_nameserver", text(&self.dns_nameserver)),
            ("docker_volume_size", self.docker_volume_size.map(Value::from)),
            ("docker_storage_driver", text(&self.docker_storage_driver)),
            ("http_proxy", text(&self.http_proxy)),
            ("https_proxy", text(&self.https_proxy)),
            ("no_proxy", text(&self.no_proxy)),
            ("insecure_registry", text(&self.insecure_registry)),
            ("tags", argument::tags(&self.tag).map(Value::from)),
            ("public", on(s.public, s.private)),
            ("tls_disabled", on(s.tls_disabled, s.tls_enabled)),
            ("registry_enabled", on(s.registry_enabled, s.registry_disabled)),
            ("master_lb_enabled", on(s.master_lb_enabled, s.master_lb_disabled)),
            ("floating_ip_enabled", on(s.floating_ip_enabled, s.floating_ip_disabled)),
            ("hidden", on(s.hidden, s.visible)),
        ]));
        patch.extend(label_patch(&self.label, &self.no_label)?);
        Ok(patch)
    }
}

pub(crate) async fn run(context: &Context, arguments: &Arguments) -> Result<(), Error> {
    let patch = arguments.patch()?;
    if patch.is_empty() {
        return Err(Error::usage("Nothing to update."));
    }
    let template = context.client()?.patch(&["clustertemplates", &arguments.template], Value::Array(patch)).send().await?;
    super::print(context, &template)
}
