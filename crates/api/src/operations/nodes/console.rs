// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/clusters/{cluster}/nodes/{node}/console`: the end of a node's serial console.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::{Argument, ArgumentKind, Gives};
use serde_json::json;

pub const OPERATION: Operation = Operation::get("/v1/clusters/{cluster_ident}/nodes/{node}/console")
    .policy("cluster:get")
    .arguments(&[Argument::new("bytes", ArgumentKind::Int, "The most bytes of the end.")])
    .gives(Gives::Free("The end of the node's console."));

const BYTES: i64 = 64 << 10;
const BYTES_MAX: i64 = 1 << 20;

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let bytes = input.int_argument("bytes")?.unwrap_or(BYTES);
    if !(1..=BYTES_MAX).contains(&bytes) {
        return Err(Failure::field("bytes", bytes, format!("Value should be from 1 to {BYTES_MAX}")));
    }
    let (cluster, node) = super::target::find(&caller, &input, &app, &OPERATION).await?;
    let output = app.engine.console(cluster.uuid, &node.name, usize::try_from(bytes).unwrap_or_default()).await?;
    Ok(Reply::ok(json!({"output": output})))
}
