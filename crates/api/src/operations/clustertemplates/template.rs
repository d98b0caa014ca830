// SPDX-License-Identifier: Apache-2.0
//! A cluster template on the wire: its fields, how it is shown, how a request becomes one.

use crate::caller::Caller;
use crate::failure::Failure;
use crate::moment::iso;
use crate::typed::{Field, Kind, Record, TEXT};
use magnum_store::Template;
use magnum_types::Coe;
use serde_json::{Map, Value, json};

/// The COEs that a request may name; which of them can be deployed is the driver's answer.
pub(crate) const COES: &[&str] = &["kubernetes", "swarm", "mesos", "dcos", "swarm-mode"];

/// In the order of answers.
pub(crate) const FIELDS: &[Field] = &[
    Field::new("uuid", Kind::Uuid),
    Field::new("name", TEXT),
    Field::new("coe", Kind::Word(COES)),
    Field::new("image_id", TEXT).mandatory(),
    Field::new("flavor_id", TEXT),
    Field::new("master_flavor_id", TEXT),
    Field::new("dns_nameserver", Kind::Dns),
    Field::new("keypair_id", TEXT),
    Field::new("external_network_id", TEXT),
    Field::new("fixed_network", TEXT),
    Field::new("fixed_subnet", TEXT),
    Field::new("network_driver", TEXT),
    Field::new("apiserver_port", Kind::Int { min: 1024, max: 65535 }),
    Field::new("docker_volume_size", Kind::Int { min: 1, max: i32::MAX as i64 }),
    Field::new("cluster_distro", TEXT),
    Field::new("links", Kind::TextsList).read_only(),
    Field::new("http_proxy", TEXT),
    Field::new("https_proxy", TEXT),
    Field::new("no_proxy", TEXT),
    Field::new("volume_driver", TEXT),
    Field::new("registry_enabled", Kind::Bool),
    Field::new("labels", Kind::Scalars),
    Field::new("tls_disabled", Kind::Bool),
    Field::new("public", Kind::Bool),
    Field::new("server_type", Kind::Word(&["vm", "bm"])),
    Field::new("insecure_registry", TEXT),
    Field::new("docker_storage_driver", TEXT),
    Field::new("master_lb_enabled", Kind::Bool),
    Field::new("floating_ip_enabled", Kind::Bool),
    Field::new("project_id", TEXT).read_only(),
    Field::new("user_id", TEXT).read_only(),
    Field::new("hidden", Kind::Bool),
    Field::new("tags", Kind::Text { min: 0, max: 255 }),
    Field::new("driver", TEXT),
    Field::new("created_at", TEXT).read_only(),
    Field::new("updated_at", TEXT).read_only(),
];

/// The table's columns, by which lists can be sorted.
pub(crate) const COLUMNS: &[&str] = &[
    "id",
    "uuid",
    "name",
    "coe",
    "image_id",
    "flavor_id",
    "master_flavor_id",
    "dns_nameserver",
    "keypair_id",
    "external_network_id",
    "fixed_network",
    "fixed_subnet",
    "network_driver",
    "apiserver_port",
    "docker_volume_size",
    "cluster_distro",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "volume_driver",
    "registry_enabled",
    "labels",
    "tls_disabled",
    "public",
    "server_type",
    "insecure_registry",
    "docker_storage_driver",
    "master_lb_enabled",
    "floating_ip_enabled",
    "project_id",
    "user_id",
    "hidden",
    "tags",
    "driver",
    "created_at",
    "updated_at",
];

/// The attributes without links, as patches see them.
pub(crate) fn document(template: &Template) -> Map<String, Value> {
    let value = json!({
        "uuid": template.uuid,
        "name": template.name,
        "coe": template.coe.as_str(),
        "image_id": template.image_id,
        "flavor_id": template.flavor_id,
        "master_flavor_id": template.master_flavor_id,
        "dns_nameserver": template.dns_nameserver,
        "keypair_id": template.keypair_id,
        "external_network_id": template.external_network_id,
        "fixed_network": template.fixed_network,
        "fixed_subnet": template.fixed_subnet,
        "network_driver": template.network_driver,
        "apiserver_port": template.apiserver_port,
        "docker_volume_size": template.docker_volume_size,
        "cluster_distro": template.cluster_distro,
        "http_proxy": template.http_proxy,
        "https_proxy": template.https_proxy,
        "no_proxy": template.no_proxy,
        "volume_driver": template.volume_driver,
        "registry_enabled": template.registry_enabled,
        "labels": template.labels,
        "tls_disabled": template.tls_disabled,
        "public": template.public,
        "server_type": template.server_type,
        "insecure_registry": template.insecure_registry,
        "docker_storage_driver": template.docker_storage_driver,
        "master_lb_enabled": template.master_lb_enabled,
        "floating_ip_enabled": template.floating_ip_enabled,
        "project_id": template.project_id,
        "user_id": template.user_id,
        "hidden": template.hidden,
        "tags": template.tags,
        "driver": template.driver,
        "created_at": iso(template.created_at),
        "updated_at": iso(template.updated_at),
    });
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// The template as answered.
pub(crate) fn show(caller: &Caller, template: &Template) -> Value {
    let links = caller.links(&format!("clustertemplates/{}", template.uuid));
    let mut shown = Map::new();
    for (key, value) in document(template) {
        let after = key == "cluster_distro";
        shown.insert(key, value);
        if after {
            shown.insert("links".to_owned(), links.clone());
        }
    }
    Value::Object(shown)
}

/// Writes the fields of a request over `template`.
pub(crate) fn write(template: &mut Template, record: &Record) -> Result<(), Failure> {
    template.coe = coe(record)?;
    template.image_id = record.text("image_id");
    template.flavor_id = record.text("flavor_id");
    template.master_flavor_id = record.text("master_flavor_id");
    template.dns_nameserver = record.text("dns_nameserver");
    template.keypair_id = record.text("keypair_id");
    template.external_network_id = record.text("external_network_id");
    template.fixed_network = record.text("fixed_network");
    template.fixed_subnet = record.text("fixed_subnet");
    template.network_driver = record.text("network_driver");
    template.apiserver_port = record.int("apiserver_port");
    template.docker_volume_size = record.int("docker_volume_size");
    template.http_proxy = record.text("http_proxy");
    template.https_proxy = record.text("https_proxy");
    template.no_proxy = record.text("no_proxy");
    template.volume_driver = record.text("volume_driver");
    template.registry_enabled = Some(record.bool("registry_enabled").unwrap_or(false));
    template.labels = record.labels("labels").unwrap_or_default();
    template.tls_disabled = Some(record.bool("tls_disabled").unwrap_or(false));
    template.public = Some(record.bool("public").unwrap_or(false));
    template.server_type = Some(record.text("server_type").unwrap_or_else(|| "vm".to_owned()));
    template.insecure_registry = record.text("insecure_registry");
    template.docker_storage_driver = record.text("docker_storage_driver");
    template.master_lb_enabled = Some(record.bool("master_lb_enabled").unwrap_or(false));
    template.floating_ip_enabled = Some(record.bool("floating_ip_enabled").unwrap_or(true));
    template.hidden = Some(record.bool("hidden").unwrap_or(false));
    template.tags = record.text("tags");
    Ok(())
}

/// The COE that the request names, if it can be validated at all.
pub(crate) fn coe(record: &Record) -> Result<Coe, Failure> {
    let word = record.text("coe").unwrap_or_else(|| "Unset".to_owned());
    match word.parse() {
        Ok(coe) if !matches!(coe, Coe::Mesos | Coe::Dcos) => Ok(coe),
        _ => Err(Failure::bad(format!("Requested COE type {word} is not supported."))),
    }
}
