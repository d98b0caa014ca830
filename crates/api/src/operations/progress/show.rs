// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/clusters/{cluster}/progress`: in which stage each node is, what it waits for, whether it moves or hangs, and
//! when all will be done: the judgement of which `status_reason` is the sentence.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::Gives;
use jiff::Timestamp;
use magnum_store::{Diagnosis, is_coming};
use serde_json::{Value, json};

pub const OPERATION: Operation = Operation::get("/v1/clusters/{cluster_ident}/progress")
    .policy("cluster:get")
    .gives(Gives::Free("How far each node has come; see docs/api-additions.md."));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let cluster = app.store.find_cluster(&caller.scope(), input.param("cluster_ident")).await?;
    caller.authorise_on(&OPERATION, &cluster)?;
    let coe = app.store.get_template(cluster.cluster_template_id).await?.coe;
    let stages = app.store.get_stages(&cluster, coe).await?;
    let judgement = stages.judge(&app.store.get_usual(coe).await?, Timestamp::now());
    let in_progress = is_coming(&cluster);
    let mut cause = Value::Null;
    if in_progress && judgement.hung().next().is_some() {
        // The conductor's own, of which `status_reason` has it; users ask about other things, too.
        let last = app.store.get_last_diagnosis(cluster.uuid, "conductor").await?;
        cause = last.filter(|made| made.made_at >= stages.began.as_millisecond()).map_or(Value::Null, |made| named(&made));
    }
    let sentences: Vec<Value> = judgement.nodes.iter().map(|node| node.sentence(judgement.at).into()).collect();
    let mut document = serde_json::to_value(&judgement).map_err(|error| Failure::unavailable(error.to_string()))?;
    for (node, sentence) in document["nodes"].as_array_mut().into_iter().flatten().zip(sentences) {
        node["sentence"] = sentence;
    }
    document["outlook"] = judgement.outlook().into();
    document["in_progress"] = in_progress.into();
    document["status"] = json!(cluster.status);
    document["status_reason"] = json!(cluster.status_reason);
    document["cause"] = cause;
    Ok(Reply::ok(document))
}

/// The cause that a report names first.
fn named(made: &Diagnosis) -> Value {
    let findings = made.report["findings"].as_array().into_iter().flatten();
    let cause = findings.into_iter().find(|finding| finding["status"] == "cause");
    cause.map_or(Value::Null, |f| json!({"fault": f["id"], "summary": f["summary"], "diagnosis": made.id}))
}
