// SPDX-License-Identifier: Apache-2.0
//! `magnum cluster-template create`.

use crate::cluster::create::{set, switch};
use crate::context::Context;
use crate::error::Error;
use crate::{argument, catalogue};
use clap::Args;
use serde_json::{Value, json};

/// Arguments of `cluster-template create`; image, network, flavors and name server have the embedded server's names
/// as defaults.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// The new template's name; without one the server invents it
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// What the nodes run: kubernetes, swarm, swarm-mode or mesos
    #[arg(long)]
    pub coe: String,
    /// The nodes' image
    #[arg(long, default_value = catalogue::IMAGE)]
    pub image: String,
    /// The network that floating addresses come from
    #[arg(long, value_name = "NETWORK", default_value = catalogue::EXTERNAL_NETWORK)]
    pub external_network: String,
    /// The workers' flavor
    #[arg(long, default_value = catalogue::FLAVOR)]
    pub flavor: String,
    /// The masters' flavor; without it, the workers'
    #[arg(long)]
    pub master_flavor: Option<String>,
    /// The name servers outside the cluster, separated by commas
    #[arg(long, value_name = "ADDRESS,…", default_value = catalogue::DNS_NAMESERVER)]
    pub dns_nameserver: String,
    /// The key pair
    #[arg(long)]
    pub keypair: Option<String>,
    /// An existing private network
    #[arg(long, value_name = "NETWORK")]
    pub fixed_network: Option<String>,
    /// An existing private subnet
    #[arg(long, value_name = "SUBNET")]
    pub fixed_subnet: Option<String>,
    /// The pod network: flannel; for Swarm docker
    #[arg(long, value_name = "DRIVER")]
    pub network_driver: Option<String>,
    /// The volume driver
    #[arg(long, value_name = "DRIVER")]
    pub volume_driver: Option<String>,
    /// The cluster driver, where several fit
    #[arg(long)]
    pub driver: Option<String>,
    /// The size of each node's container volume, GiB
    #[arg(long, value_name = "GIB")]
    pub docker_volume_size: Option<u32>,
    /// How Docker keeps its layers
    #[arg(long, value_name = "DRIVER", default_value = catalogue::DOCKER_STORAGE_DRIVER)]
    pub docker_storage_driver: String,
    /// The proxy for HTTP
    #[arg(long, value_name = "URL")]
    pub http_proxy: Option<String>,
    /// The proxy for HTTPS
    #[arg(long, value_name = "URL")]
    pub https_proxy: Option<String>,
    /// What the proxies are not used for
    #[arg(long, value_name = "HOST,…")]
    pub no_proxy: Option<String>,
    /// Labels, KEY=VALUE; separated by , or ; or repeated
    #[arg(long, value_name = "KEY=VALUE,…")]
    pub labels: Vec<String>,
    /// Use no TLS
    #[arg(long)]
    pub tls_disabled: bool,
    /// Let other projects use the template
    #[arg(long)]
    pub public: bool,
    /// Run an image registry in the cluster
    #[arg(long)]
    pub registry_enabled: bool,
    /// A registry to be used without TLS
    #[arg(long, value_name = "HOST:PORT")]
    pub insecure_registry: Option<String>,
    /// What the nodes are: vm or bm
    #[arg(long, value_name = "TYPE", default_value = "vm")]
    pub server_type: String,
    /// Put a load balancer before the masters
    #[arg(long)]
    pub master_lb_enabled: bool,
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
    /// Tags; separated by commas or repeated
    #[arg(long, value_name = "TAG,…")]
    pub tags: Vec<String>,
}

impl Arguments {
    fn body(&self) -> Result<Value, Error> {
        let mut body = json!({
            "coe": self.coe,
            "image_id": self.image,
            "external_network_id": self.external_network,
            "flavor_id": self.flavor,
            "dns_nameserver": self.dns_nameserver,
            "docker_storage_driver": self.docker_storage_driver,
            "server_type": self.server_type,
            "tls_disabled": self.tls_disabled,
            "public": self.public,
            "registry_enabled": self.registry_enabled,
            "master_lb_enabled": self.master_lb_enabled,
            "hidden": self.hidden,
        });
        let text = |value: &Option<String>| value.clone().map(Value::from);
        set(
            &mut body,
            [
                ("name", text(&self.name)),
                ("master_flavor_id", Some(Value::from(self.master_flavor.as_ref().unwrap_or(&self.flavor).clone()))),
                ("keypair_id", text(&self.keypair)),
                ("fixed_network", text(&self.fixed_network)),
                ("fixed_subnet", text(&self.fixed_subnet)),
                ("network_driver", text(&self.network_driver)),
                ("volume_driver", text(&self.volume_driver)),
                ("driver", text(&self.driver)),
                ("docker_volume_size", self.docker_volume_size.map(Value::from)),
                ("http_proxy", text(&self.http_proxy)),
                ("https_proxy", text(&self.https_proxy)),
                ("no_proxy", text(&self.no_proxy)),
                ("insecure_registry", text(&self.insecure_registry)),
                ("floating_ip_enabled", switch(self.floating_ip_enabled, self.floating_ip_disabled).map(Value::from)),
                ("labels", if self.labels.is_empty() { None } else { Some(Value::Object(argument::labels(&self.labels)?)) }),
                ("tags", argument::tags(&self.tags).map(Value::from)),
            ],
        );
        Ok(body)
    }
}

pub(crate) async fn run(context: &Context, arguments: &Arguments) -> Result<(), Error> {
    let template = context.client()?.post(&["clustertemplates"], arguments.body()?).send().await?;
    context.printer.note(&format!("Request to create cluster template {} accepted", crate::context::text(&template, "name")));
    super::print(context, &template)
}
