// SPDX-License-Identifier: Apache-2.0
//! `POST /v1/clusters/{cluster}/nodes/{node}/actions/exec`: runs a program on a node, without a shell.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::{Gives, Takes};
use crate::typed::{Field, Kind};
use magnum_engine::Exec;
use serde_json::json;
use std::time::Duration;

pub const OPERATION: Operation = Operation::post("/v1/clusters/{cluster_ident}/nodes/{node}/actions/exec")
    .policy("cluster:exec")
    .returns(200)
    .takes(Takes::Object(FIELDS))
    .gives(Gives::Free("How the program ended and what it printed."));

const FIELDS: &[Field] = &[
    Field::new("command", Kind::Arguments).mandatory(),
    Field::new("stdin", Kind::Raw),
    Field::new("timeout_seconds", Kind::Int { min: 1, max: 600 }),
];
const OUTPUT_MAX: usize = 1 << 20;
const TIMEOUT_SECONDS: i64 = 60;

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let record = input.record("exec", FIELDS)?;
    let (cluster, node) = super::target::find(&caller, &input, &app, &OPERATION).await?;
    let argv = record.text_list("command");
    tracing::info!(request_id = caller.request_id, cluster = %cluster.uuid, node = %node.name, program = argv.first(), "exec on a node");
    let request = Exec {
        argv,
        stdin: record.text("stdin").unwrap_or_default().into_bytes(),
        timeout: Duration::from_secs(record.int("timeout_seconds").unwrap_or(TIMEOUT_SECONDS).unsigned_abs()),
        max_output: OUTPUT_MAX,
    };
    let output = app.engine.exec(cluster.uuid, &node.name, request).await?;
    Ok(Reply::ok(json!({
        "exit_code": output.code,
        "stdout": String::from_utf8_lossy(&output.stdout),
        "stderr": String::from_utf8_lossy(&output.stderr),
        "timed_out": output.timed_out,
        "truncated": output.truncated,
    })))
}
