// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/clusters/{cluster}/timeline`: what has happened, and with `wait`, what happens next.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::moment::milliseconds;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::{Argument, ArgumentKind, Gives};
use magnum_store::{Cluster, Event, Scope};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

pub const OPERATION: Operation = Operation::get("/v1/clusters/{cluster_ident}/timeline")
    .policy("cluster:get")
    .arguments(&[
        Argument::new("after", ArgumentKind::Int, "Only events after this one."),
        Argument::new("wait", ArgumentKind::Int, "Seconds to wait for news, up to 25."),
    ])
    .gives(Gives::Free("What happened to the cluster; see docs/api-additions.md."));

const WAIT_MAX_SECONDS: i64 = 25;
const EVENTS_MAX: i64 = 1000;

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let first = app.store.find_cluster(&caller.scope(), input.param("cluster_ident")).await?;
    caller.authorise_on(&OPERATION, &first)?;
    let after = input.int_argument("after")?.unwrap_or(0);
    let wait = input.int_argument("wait")?.unwrap_or(0).clamp(0, WAIT_MAX_SECONDS);
    let deadline = Instant::now() + Duration::from_secs(wait.unsigned_abs());
    // Subscribed before the first look, so that nothing is missed in between.
    let mut news = app.store.changed(first.uuid);
    loop {
        // Events first: an action's last event is written after its status, so its reader sees the status too.
        let events = app.store.list_events(first.uuid, after, EVENTS_MAX).await?;
        let cluster = app.store.get_cluster(&Scope::All, first.uuid).await?;
        if !events.is_empty() || cluster.status != first.status || timeout_at(deadline, news.changed()).await.is_err() {
            return Ok(Reply::ok(show(&cluster, &events)));
        }
    }
}

fn show(cluster: &Cluster, events: &[Event]) -> Value {
    let one = |event: &Event| {
        json!({
            "id": event.id,
            "at": milliseconds(event.at),
            "node": event.node,
            "step": event.step,
            "state": event.state,
            "detail": event.detail,
            "duration_ms": event.duration_ms,
        })
    };
    json!({"events": events.iter().map(one).collect::<Vec<_>>(), "status": cluster.status, "status_reason": cluster.status_reason})
}
