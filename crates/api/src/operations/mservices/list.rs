// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/mservices`: the conductors, and whether each was heard of lately.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::moment::iso;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::Gives;
use jiff::Timestamp;
use magnum_store::Service;
use serde_json::{Value, json};

pub const OPERATION: Operation = Operation::get("/v1/mservices")
    .policy("magnum-service:get_all")
    .gives(Gives::Free("The services under mservices, each with its state."));

/// `[DEFAULT]service_down_time`.
const DOWN_AFTER_SECONDS: i64 = 180;

pub(crate) async fn handle(caller: Caller, _: Input, app: App) -> Result<Reply, Failure> {
    caller.authorise(&OPERATION)?;
    let now = Timestamp::now();
    let shown: Vec<Value> = app.store.list_services().await?.iter().map(|service| show(service, now)).collect();
    Ok(Reply::ok(json!({"mservices": shown})))
}

fn show(service: &Service, now: Timestamp) -> Value {
    let seen = service.last_seen_up.or(service.updated_at).or(service.created_at);
    let up = service.forced_down != Some(true) && seen.is_some_and(|seen| now.as_second() - seen.as_second() <= DOWN_AFTER_SECONDS);
    json!({
        "host": service.host,
        "binary": service.binary,
        "state": if up { "up" } else { "down" },
        "id": service.id,
        "report_count": service.report_count,
        "disabled": service.disabled.unwrap_or(false),
        "disabled_reason": service.disabled_reason,
        "created_at": iso(service.created_at),
        "updated_at": iso(service.updated_at),
    })
}
