// SPDX-License-Identifier: Apache-2.0
//! `PATCH /v1/federations/{ident}`: members come and go.

use super::federation::{FIELDS, REASON, attributes};
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::patch::{self, Rules};
use crate::reply::Reply;
use crate::shape::{Gives, Takes};
use crate::typed::Record;
use magnum_store::Federation;
use serde_json::{Value, json};

pub const OPERATION: Operation = Operation::patch("/v1/federations/{federation_ident}")
    .policy("federation:update")
    .returns(202)
    .takes(Takes::Patch(&RULES))
    .gives(Gives::Uuid);

const RULES: Rules = Rules { internal: &[], mandatory: &["hostcluster_id"] };
const CHANGEABLE: [&str; 2] = ["member_ids", "properties"];

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let mut federation = app.store.find_federation(&caller.identity.project, input.param("federation_ident")).await?;
    caller.authorise_on(&OPERATION, &federation)?;
    let before = attributes(&federation);
    let steps = input.json("patch")?;
    let (members, rest): (Vec<Value>, Vec<Value>) = match steps {
        Value::Array(steps) => steps.into_iter().partition(|step| step.get("path").and_then(Value::as_str) == Some("/member_ids")),
        other => (Vec::new(), vec![other]),
    };
    for step in &members {
        change_members(&caller, &app, &mut federation, step).await?;
    }
    let rest = Input { body: Value::Array(rest).to_string().into_bytes(), ..input };
    let record = Record::check(FIELDS, &patch::apply(&rest, &RULES, before.clone())?)?;
    patch::only_changeable("federation", &before, &record, &CHANGEABLE)?;
    federation.properties = record.get("properties").as_object().cloned().unwrap_or_default();
    if attributes(&federation) != before {
        federation.status = Some("UPDATE_FAILED".to_owned());
        federation.status_reason = Some(REASON.to_owned());
        app.store.update_federation(federation.clone()).await?;
    }
    Ok(Reply::accepted(json!({"uuid": federation.uuid})))
}

/// `add` joins the cluster that the value names, `remove` takes it out.
async fn change_members(caller: &Caller, app: &App, federation: &mut Federation, step: &Value) -> Result<(), Failure> {
    let ident = step
        .get("value")
        .and_then(Value::as_str)
        .ok_or_else(|| Failure::bad("'add' and 'remove' of /member_ids need a cluster as value"))?;
    let cluster = app.store.find_cluster(&caller.own(), ident).await?;
    let uuid = cluster.uuid.to_string();
    let joined = federation.member_ids.contains(&uuid);
    match step.get("op").and_then(Value::as_str) {
        Some("add") if joined => {
            Err(Failure::conflict(format!("A cluster with UUID {uuid} is already a member of the federation {}.", federation.name)))
        }
        Some("add") => {
            federation.member_ids.push(uuid);
            Ok(())
        }
        Some("remove") if joined => {
            federation.member_ids.retain(|member| *member != uuid);
            Ok(())
        }
        Some("remove") => Err(Failure::not_found(format!("Cluster {uuid} is not a member of the federation {}.", federation.name))),
        _ => Err(Failure::bad("/member_ids can be added to and removed from only")),
    }
}
