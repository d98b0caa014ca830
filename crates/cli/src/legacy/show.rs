// SPDX-License-Identifier: Apache-2.0
//! The older show commands: all that the API says, under the names of their time. Documents for programs have the fields of
//! `cluster show` and `cluster-template show` beside them.

use super::Shown;
use crate::context::{Context, text};
use crate::error::Error;
use crate::{cluster, template};
use serde_json::{Map, Value};

/// How a resource and its template are called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    /// What the fields of the template begin with in `--long`.
    template: &'static str,
    /// Fields under another name.
    renamed: &'static [(&'static str, &'static str)],
}

pub(super) const CLUSTER: Names = Names { template: "clustertemplate_", renamed: &[] };
pub(super) const BAY: Names = Names {
    template: "baymodel_",
    renamed: &[("cluster_template_id", "baymodel_id"), ("create_timeout", "bay_create_timeout"), ("faults", "bay_faults")],
};

pub(super) async fn cluster(context: &Context, arguments: &Shown, names: Names) -> Result<(), Error> {
    let found = context.cluster(&arguments.ident).await?;
    let more = if arguments.long { Some(context.template(text(&found, "cluster_template_id")).await?) } else { None };
    print(context, &fields(&found, more.as_ref(), names), &found, cluster::SHOW)
}

pub(super) async fn template(context: &Context, ident: &str) -> Result<(), Error> {
    let found = context.template(ident).await?;
    print(context, &fields(&found, None, CLUSTER), &found, template::SHOW)
}

/// What a table shows, in the API's order.
fn fields(found: &Value, template: Option<&Value>, names: Names) -> Map<String, Value> {
    let own = found.as_object().into_iter().flatten().filter(|(key, _)| *key != "links");
    let mut all: Map<String, Value> = own
        .map(|(key, value)| {
            let name = names.renamed.iter().find(|(now, _)| now == key).map_or(key.as_str(), |(_, then)| then);
            (name.to_owned(), value.clone())
        })
        .collect();
    for (key, value) in template.and_then(Value::as_object).into_iter().flatten() {
        if !matches!(key.as_str(), "links" | "uuid") {
            all.entry(format!("{}{key}", names.template)).or_insert_with(|| value.clone());
        }
    }
    all
}

fn print(context: &Context, shown: &Map<String, Value>, found: &Value, documented: &[&str]) -> Result<(), Error> {
    let mut object = found.clone();
    if let Value::Object(all) = &mut object {
        all.extend(shown.clone());
    }
    let mut columns: Vec<&str> = if context.printer.is_table() { Vec::new() } else { documented.to_vec() };
    columns.extend(shown.keys().map(String::as_str).filter(|name| !documented.contains(name) || context.printer.is_table()));
    context.printer.properties("Property", &columns, &object)
}
