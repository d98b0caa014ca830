// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/clusters/{cluster}/diagnoses`: the diagnoses that run and the last reports, newest first.

use crate::app::App;
use crate::caller::Caller;
use crate::diagnosis::Seen;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::Gives;
use magnum_store::Progress;
use serde_json::json;

pub const OPERATION: Operation = Operation::get("/v1/clusters/{cluster_ident}/diagnoses")
    .policy("cluster:get")
    .gives(Gives::Free("The diagnoses that run and those that are kept."));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let cluster = app.store.find_cluster(&caller.scope(), input.param("cluster_ident")).await?;
    caller.authorise_on(&OPERATION, &cluster)?;
    let started = app.store.list_inquiries(cluster.uuid).await?;
    let running = started.iter().filter(|one| one.progress() == Progress::Running);
    let mut rows: Vec<_> = running.map(|one| Seen::started(one).row()).collect();
    rows.extend(app.store.list_diagnoses(cluster.uuid).await?.iter().map(|made| Seen::kept(made).row()));
    Ok(Reply::ok(json!({"diagnoses": rows})))
}
