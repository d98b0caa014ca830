// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/agent`: the node agent's binary.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::Gives;

pub const OPERATION: Operation = Operation::get("/v1/agent").public().gives(Gives::Bytes("application/octet-stream"));

pub(crate) async fn handle(_: Caller, _: Input, app: App) -> Result<Reply, Failure> {
    binary(&app).await
}

/// The binary; 404 when this installation has none.
pub(crate) async fn binary(app: &App) -> Result<Reply, Failure> {
    let Some(path) = &app.agent else { return Err(Failure::not_found("This installation serves no agent.")) };
    let body = tokio::fs::read(path).await.map_err(|error| Failure::ours("The agent's binary could not be read.", error))?;
    Ok(Reply::Raw { status: 200, media_type: "application/octet-stream", body })
}
