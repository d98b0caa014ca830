// SPDX-License-Identifier: Apache-2.0
//! `POST /v1/clusters/{cluster}/diagnoses`: have the doctor look now; the report is kept as the cluster's last.
//! With `verify=ID,ID` only these faults are looked for, with `symptom=TEXT` only what can be behind it is told, and the
//! report is not kept. With `bundle=true` the answer also holds the facts that were judged. With `wait=false` the answer
//! is 202 with an id, to be followed at `…/diagnoses/{id}`.

use crate::app::{App, Question};
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::jobs;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::{Argument, ArgumentKind, Gives};
use magnum_store::Diagnosis;
use serde_json::json;
use std::sync::Arc;

pub const OPERATION: Operation = Operation::post("/v1/clusters/{cluster_ident}/diagnoses")
    .policy("cluster:diagnose")
    .returns(200)
    .arguments(&[
        Argument::new("verify", ArgumentKind::Text, "Only these faults, with commas."),
        Argument::new("symptom", ArgumentKind::Text, "What the user complains of."),
        Argument::new("bundle", ArgumentKind::Bool, "With the facts it was judged from."),
        Argument::new("wait", ArgumentKind::Bool, "Whether the answer is the report; otherwise 202 with the id of the diagnosis."),
    ])
    .gives(Gives::Free("A report of schema magnum.doctor/v1."))
    .also(202, Gives::Free("The id of a diagnosis that has begun."));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let cluster = app.store.find_cluster(&caller.scope(), input.param("cluster_ident")).await?;
    caller.authorise_on(&OPERATION, &cluster)?;
    let bundle = input.bool_argument("bundle")?.unwrap_or(false);
    let question = Question {
        verify: input.argument("verify").unwrap_or_default().split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect(),
        symptom: input.argument("symptom").filter(|text| !text.is_empty()).map(str::to_owned),
    };
    if !input.bool_argument("wait")?.unwrap_or(true) {
        if bundle {
            return Err(Failure::field("bundle", "true", "the facts are in the answer only, which has to be waited for"));
        }
        let id = jobs::start(&app, cluster.uuid, question).await?;
        return Ok(Reply::accepted(json!({"id": id, "state": "running"})));
    }
    let whole = question.is_whole();
    let answer = app.diagnose.diagnose(cluster.uuid, question, Arc::new(|_| {})).await?;
    if whole {
        let made = Diagnosis::new(uuid::Uuid::new_v4(), cluster.uuid, "user", answer.report.clone());
        app.store.insert_diagnosis(&made).await?;
    }
    Ok(Reply::ok(if bundle { json!({"report": answer.report, "facts": answer.facts}) } else { answer.report }))
}
