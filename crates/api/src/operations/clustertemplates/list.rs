// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/clustertemplates`: the caller's templates and the public ones.

use super::template::{COLUMNS, FIELDS, show};
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::paging::{collection, page_by_uuid};
use crate::reply::Reply;
use crate::shape::{Gives, PAGE};
use magnum_store::Template;
use serde_json::Value;

pub const OPERATION: Operation = Operation::get("/v1/clustertemplates")
    .policy("clustertemplate:get_all")
    .everywhere("clustertemplate:get_all_all_projects")
    .arguments(PAGE)
    .gives(Gives::List("clustertemplates", "ClusterTemplate", FIELDS));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    caller.authorise(&OPERATION)?;
    list(caller, input, app, "clustertemplates", "clustertemplates", show).await
}

/// The list; `path` is what `next` goes on with.
/// A page of the visible templates, each as `show` has it.
pub(crate) async fn list(
    caller: Caller,
    input: Input,
    app: App,
    path: &str,
    key: &str,
    show: fn(&Caller, &Template) -> Value,
) -> Result<Reply, Failure> {
    let page = page_by_uuid(&input, COLUMNS)?;
    if let Some(marker) = &page.marker {
        app.store.find_template(&caller.scope(), marker).await?;
    }
    let rows = app.store.list_templates(&caller.scope(), &page).await?;
    let last = rows.last().map(|template| template.uuid.to_string());
    let shown = rows.iter().map(|template| show(&caller, template)).collect();
    Ok(Reply::ok(collection(&caller, &page, path, key, shown, last)))
}
