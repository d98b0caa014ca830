// SPDX-License-Identifier: Apache-2.0
//! `POST /v1/federations`: ask for clusters to work as one.

use super::federation::{FIELDS, REASON};
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::names;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::{Gives, Takes};
use magnum_store::Federation;
use serde_json::{Value, json};
use uuid::Uuid;

pub const OPERATION: Operation = Operation::post("/v1/federations")
    .policy("federation:create")
    .returns(202)
    .body("federation", "Federation")
    .takes(Takes::Object(FIELDS))
    .gives(Gives::Uuid);

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let record = input.record("federation", FIELDS)?;
    caller.authorise(&OPERATION)?;
    let host = record.text("hostcluster_id").ok_or_else(|| Failure::bad("No hostcluster specified. Please specify a hostcluster_id."))?;
    let host = app.store.find_cluster(&caller.own(), &host).await?;
    let properties = record.get("properties").as_object().cloned();
    let properties = properties.ok_or_else(|| Failure::bad("Please specify a `properties` dict for the federation."))?;
    if !properties.get("dns-zone").is_some_and(Value::is_string) {
        return Err(Failure::bad("No DNS zone specified. Please specify a `dns-zone`."));
    }
    let uuid = record.text("uuid").and_then(|text| text.parse().ok()).unwrap_or_else(Uuid::new_v4);
    let federation = Federation {
        id: 0,
        project_id: caller.identity.project.clone(),
        uuid,
        name: record.text("name").unwrap_or_else(|| names::generate("federation")),
        hostcluster_id: host.uuid.to_string(),
        member_ids: Vec::new(),
        status: Some("CREATE_FAILED".to_owned()),
        status_reason: Some(REASON.to_owned()),
        properties,
        created_at: None,
        updated_at: None,
    };
    app.store.insert_federation(federation).await?;
    Ok(Reply::accepted(json!({"uuid": uuid})))
}
