// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/quotas`: the quotas that were set.

use super::quota::{COLUMNS, FIELDS, show};
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::paging::{collection, page};
use crate::reply::Reply;
use crate::shape::{Argument, ArgumentKind, Gives, LIMIT, SORT_DIR, SORT_KEY};
use magnum_store::Scope;

pub const OPERATION: Operation = Operation::get("/v1/quotas")
    .policy("quota:get_all")
    .arguments(&[
        LIMIT,
        Argument::new("marker", ArgumentKind::Int, "The last entry of the page before."),
        SORT_KEY,
        SORT_DIR,
        Argument::new("all_tenants", ArgumentKind::Bool, "Of all projects; for administrators."),
    ])
    .gives(Gives::List("quotas", "Quota", FIELDS));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    caller.authorise(&OPERATION)?;
    let all = input.bool_argument("all_tenants")?.unwrap_or(false) && caller.is_admin;
    let page = page(&input, COLUMNS)?;
    match input.int_argument("marker")? {
        Some(marker) if !app.store.has_quota(marker).await? => {
            return Err(Failure::not_found(format!("Quota could not be found: id {marker}.")));
        }
        _ => {}
    }
    // Quotas are of projects, and a token of the whole system has none.
    let scope = if all || caller.identity.system { Scope::All } else { Scope::Project(caller.identity.project.clone()) };
    let rows = app.store.list_quotas(&scope, &page).await?;
    let last = rows.last().map(|quota| quota.id.to_string());
    Ok(Reply::ok(collection(&caller, &page, "quotas", "quotas", rows.iter().map(show).collect(), last)))
}
