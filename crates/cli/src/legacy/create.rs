// SPDX-License-Identifier: Apache-2.0
//! The older create commands. Nothing that the embedded server knows by itself is required.

use crate::error::Error;
use crate::{catalogue, cluster, template};
use clap::Args;

/// Arguments of `bay-create` and `cluster-create`.
#[derive(Debug, Clone, Args)]
pub struct Cluster {
    /// The new cluster's name
    #[arg(value_name = "NAME")]
    pub positional: Option<String>,
    /// The new cluster's name
    #[arg(long)]
    pub name: Option<String>,
    /// The baymodel's name or uuid; also --baymodel-id and --cluster-template
    #[arg(long, aliases = ["baymodel-id", "cluster-template"])]
    pub baymodel: String,
    /// How many workers
    #[arg(long, default_value_t = 1)]
    pub node_count: u32,
    /// How many masters
    #[arg(long, default_value_t = 1)]
    pub master_count: u32,
    /// The key pair; also --keypair
    #[arg(long, alias = "keypair")]
    pub keypair_id: Option<String>,
    /// The size of each node's container volume, GiB
    #[arg(long, value_name = "GIB")]
    pub docker_volume_size: Option<u32>,
    /// Labels, KEY=VALUE
    #[arg(long, value_name = "KEY=VALUE,…")]
    pub labels: Vec<String>,
    /// A discovery service's address
    #[arg(long, value_name = "URL")]
    pub discovery_url: Option<String>,
    /// Give up after this many minutes
    #[arg(long, value_name = "MINUTES", default_value_t = 60)]
    pub timeout: u32,
    /// Stay and show each node's progress until the cluster is there
    #[arg(long)]
    pub watch: bool,
}

impl Cluster {
    pub(super) fn modern(&self) -> Result<cluster::create::Arguments, Error> {
        Ok(cluster::create::Arguments {
            name: one_name(&self.positional, &self.name)?,
            cluster_template: self.baymodel.clone(),
            master_count: self.master_count,
            node_count: self.node_count,
            labels: self.labels.clone(),
            merge_labels: false,
            keypair: self.keypair_id.clone(),
            master_flavor: None,
            flavor: None,
            docker_volume_size: self.docker_volume_size,
            timeout: self.timeout,
            discovery_url: self.discovery_url.clone(),
            fixed_network: None,
            fixed_subnet: None,
            floating_ip_enabled: false,
            floating_ip_disabled: false,
            master_lb_enabled: false,
            master_lb_disabled: false,
            watch: self.watch,
        })
    }
}

/// Arguments of `baymodel-create` and `cluster-template-create`.
#[derive(Debug, Clone, Args)]
pub struct Template {
    /// The new baymodel's name
    #[arg(value_name = "NAME")]
    pub positional: Option<String>,
    /// The new baymodel's name
    #[arg(long)]
    pub name: Option<String>,
    /// What the nodes run: kubernetes, swarm or mesos
    #[arg(long, default_value = "kubernetes")]
    pub coe: String,
    /// The nodes' image; also --image
    #[arg(long, alias = "image", default_value = catalogue::IMAGE)]
    pub image_id: String,
    /// The key pair; also --keypair
    #[arg(long, alias = "keypair")]
    pub keypair_id: Option<String>,
    /// The network that floating addresses come from; also --external-network
    #[arg(long, alias = "external-network", default_value = catalogue::EXTERNAL_NETWORK)]
    pub external_network_id: String,
    /// The workers' flavor; also --flavor
    #[arg(long, alias = "flavor", default_value = catalogue::FLAVOR)]
    pub flavor_id: String,
    /// The masters' flavor; also --master-flavor
    #[arg(long, alias = "master-flavor")]
    pub master_flavor_id: Option<String>,
    /// An existing private network
    #[arg(long)]
    pub fixed_network: Option<String>,
    /// An existing private subnet
    #[arg(long)]
    pub fixed_subnet: Option<String>,
    /// The pod network
    #[arg(long)]
    pub network_driver: Option<String>,
    /// The volume driver
    #[arg(long)]
    pub volume_driver: Option<String>,
    /// The name servers outside the cluster
    #[arg(long, default_value = catalogue::DNS_NAMESERVER)]
    pub dns_nameserver: String,
    /// The size of each node's container volume, GiB
    #[arg(long, value_name = "GIB")]
    pub docker_volume_size: Option<u32>,
    /// How Docker keeps its layers
    #[arg(long, default_value = catalogue::DOCKER_STORAGE_DRIVER)]
    pub docker_storage_driver: String,
    /// The proxy for HTTP
    #[arg(long)]
    pub http_proxy: Option<String>,
    /// The proxy for HTTPS
    #[arg(long)]
    pub https_proxy: Option<String>,
    /// What the proxies are not used for
    #[arg(long)]
    pub no_proxy: Option<String>,
    /// Labels, KEY=VALUE
    #[arg(long, value_name = "KEY=VALUE,…")]
    pub labels: Vec<String>,
    /// Use no TLS
    #[arg(long)]
    pub tls_disabled: bool,
    /// Let other projects use it
    #[arg(long)]
    pub public: bool,
    /// Run an image registry in the cluster
    #[arg(long)]
    pub registry_enabled: bool,
    /// A registry to be used without TLS
    #[arg(long)]
    pub insecure_registry: Option<String>,
    /// What the nodes are: vm or bm
    #[arg(long, default_value = "vm")]
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
    /// Keep it out of lists
    #[arg(long, overrides_with = "visible")]
    pub hidden: bool,
    /// Show it in lists
    #[arg(long, overrides_with = "hidden")]
    pub visible: bool,
}

impl Template {
    pub(super) fn modern(&self) -> Result<template::create::Arguments, Error> {
        Ok(template::create::Arguments {
            name: one_name(&self.positional, &self.name)?,
            coe: self.coe.clone(),
            image: self.image_id.clone(),
            external_network: self.external_network_id.clone(),
            flavor: self.flavor_id.clone(),
            master_flavor: self.master_flavor_id.clone(),
            dns_nameserver: self.dns_nameserver.clone(),
            keypair: self.keypair_id.clone(),
            fixed_network: self.fixed_network.clone(),
            fixed_subnet: self.fixed_subnet.clone(),
            network_driver: self.network_driver.clone(),
            volume_driver: self.volume_driver.clone(),
            driver: None,
            docker_volume_size: self.docker_volume_size,
            docker_storage_driver: self.docker_storage_driver.clone(),
            http_proxy: self.http_proxy.clone(),
            https_proxy: self.https_proxy.clone(),
            no_proxy: self.no_proxy.clone(),
            labels: self.labels.clone(),
            tls_disabled: self.tls_disabled,
            public: self.public,
            registry_enabled: self.registry_enabled,
            insecure_registry: self.insecure_registry.clone(),
            server_type: self.server_type.clone(),
            master_lb_enabled: self.master_lb_enabled,
            floating_ip_enabled: self.floating_ip_enabled,
            floating_ip_disabled: self.floating_ip_disabled,
            hidden: self.hidden,
            visible: self.visible,
            tags: Vec::new(),
        })
    }
}

fn one_name(positional: &Option<String>, option: &Option<String>) -> Result<Option<String>, Error> {
    match (positional, option) {
        (Some(a), Some(b)) if a != b => Err(Error::usage(format!("two names were given: {a} and {b}"))),
        (a, b) => Ok(a.clone().or_else(|| b.clone())),
    }
}
