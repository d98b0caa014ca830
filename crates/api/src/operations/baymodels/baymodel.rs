// SPDX-License-Identifier: Apache-2.0
//! A baymodel, as cluster templates were called until 2016: the same row, with fewer attributes (`magnum-api.md` 1.16.1).

use crate::caller::Caller;
use crate::operations::clustertemplates::template::{COES, document};
use crate::typed::{Field, Kind, TEXT};
use magnum_store::Template;
use serde_json::{Map, Value};

/// In the order of answers.
pub(crate) const FIELDS: &[Field] = &[
    Field::new("uuid", Kind::Uuid),
    Field::new("name", TEXT),
    Field::new("coe", Kind::Word(COES)).mandatory(),
    Field::new("image_id", TEXT).mandatory(),
    Field::new("flavor_id", TEXT),
    Field::new("master_flavor_id", TEXT),
    Field::new("dns_nameserver", Kind::Dns),
    Field::new("keypair_id", TEXT).mandatory(),
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
    Field::new("labels", Kind::Texts),
    Field::new("tls_disabled", Kind::Bool),
    Field::new("public", Kind::Bool),
    Field::new("server_type", Kind::Word(&["vm", "bm"])),
    Field::new("insecure_registry", TEXT),
    Field::new("docker_storage_driver", TEXT),
    Field::new("master_lb_enabled", Kind::Bool),
    Field::new("floating_ip_enabled", Kind::Bool),
    Field::new("hidden", Kind::Bool),
    Field::new("tags", Kind::Text { min: 0, max: 255 }),
    Field::new("created_at", TEXT).read_only(),
    Field::new("updated_at", TEXT).read_only(),
];

/// The attributes without links, as patches see them.
pub(crate) fn attributes(template: &Template) -> Map<String, Value> {
    let mut today = document(template);
    FIELDS.iter().filter_map(|field| Some((field.name.to_owned(), today.remove(field.name)?))).collect()
}

/// The baymodel as answered.
pub(crate) fn show(caller: &Caller, template: &Template) -> Value {
    let mut shown = Map::new();
    for (key, value) in attributes(template) {
        let after = key == "cluster_distro";
        shown.insert(key, value);
        if after {
            shown.insert("links".to_owned(), caller.links(&format!("baymodels/{}", template.uuid)));
        }
    }
    Value::Object(shown)
}
