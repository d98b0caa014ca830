// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/clusters/{cluster}/diagnoses`: the diagnoses that run and the last reports, newest first.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::moment::milliseconds;
use crate::operation::Operation;
use crate::reply::Reply;
use magnum_store::Diagnosis;
use serde_json::{Value, json};

pub const OPERATION: Operation = Operation::get("/v1/clusters/{cluster_ident}/diagnoses").policy("cluster:get");

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    input.only_arguments(&[])?;
    let cluster = app.store.find_cluster(&caller.scope(), input.param("cluster_ident")).await?;
    caller.authorise(&OPERATION)?;
    let mut rows = app.jobs.running(cluster.uuid);
    rows.extend(app.store.list_diagnoses(cluster.uuid).await?.iter().map(row));
    Ok(Reply::ok(json!({"diagnoses": rows})))
}

fn row(made: &Diagnosis) -> Value {
    let findings = made.report["findings"].as_array().into_iter().flatten();
    let ids: Vec<&Value> = findings.map(|finding| &finding["id"]).collect();
    json!({
        "id": made.id,
        "state": "done",
        "made_at": milliseconds(made.made_at),
        "asked_by": made.asked_by,
        "verdict": made.report["verdict"],
        "findings": ids,
    })
}
