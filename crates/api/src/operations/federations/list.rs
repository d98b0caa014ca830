// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/federations`: the project's federations, in short.

use super::federation::{COLUMNS, FIELDS, show};
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::paging::{collection, page_by_uuid};
use crate::reply::Reply;
use crate::shape::{Gives, PAGE};

pub const OPERATION: Operation =
    Operation::get("/v1/federations").policy("federation:get_all").arguments(PAGE).gives(Gives::List("federations", "Federation", FIELDS));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    caller.authorise(&OPERATION)?;
    list(caller, input, app, "federations", false).await
}

/// A page of the project's federations, short or whole.
pub(crate) async fn list(caller: Caller, input: Input, app: App, path: &str, whole: bool) -> Result<Reply, Failure> {
    let page = page_by_uuid(&input, COLUMNS)?;
    if let Some(marker) = &page.marker {
        app.store.find_federation(&caller.identity.project, marker).await?;
    }
    let rows = app.store.list_federations(&caller.identity.project, &page).await?;
    let last = rows.last().map(|federation| federation.uuid.to_string());
    let shown = rows.iter().map(|federation| show(&caller, federation, whole)).collect();
    Ok(Reply::ok(collection(&caller, &page, path, "federations", shown, last)))
}
