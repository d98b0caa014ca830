// SPDX-License-Identifier: Apache-2.0
//! `GET /healthcheck`: whether this process answers, for load balancers.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;

pub const OPERATION: Operation = Operation::get("/healthcheck").public();

pub(crate) async fn handle(_: Caller, _: Input, _: App) -> Result<Reply, Failure> {
    Ok(Reply::Raw { media_type: "text/plain; charset=UTF-8", body: b"OK".to_vec() })
}
