// SPDX-License-Identifier: Apache-2.0
//! `POST /v1/bays`: ask for a new cluster. At 1.1 the bay itself is answered, with 201, as when the caller had to wait for it.

use super::bay::{FIELDS, full, renamed};
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::operations::clusters::create::make;
use crate::reply::Reply;
use crate::shape::{Gives, Takes};
use magnum_types::Microversion;
use serde_json::json;

pub const OPERATION: Operation = Operation::post("/v1/bays")
    .policy("bay:create")
    .until(10)
    .body("bay", "Bay")
    .takes(Takes::Object(FIELDS))
    .gives(Gives::Object("Bay", FIELDS))
    .also(202, Gives::Uuid);

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let record = renamed(input.record("bay", FIELDS)?);
    let id = make(&caller, &app, &record, &OPERATION).await?;
    if caller.version >= Microversion::v1(2) {
        return Ok(Reply::accepted(json!({"uuid": id})));
    }
    let cluster = app.store.get_cluster(&caller.own(), id).await?;
    let groups = app.store.list_all_nodegroups(id).await?;
    Ok(Reply::created(full(&caller, &cluster, &groups, false), format!("{}/v1/bays/{id}", caller.base)))
}
