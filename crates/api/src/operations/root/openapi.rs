// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/openapi.json`: this API in the words of OpenAPI 3.1.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::Gives;

pub const OPERATION: Operation = Operation::get("/v1/openapi.json").gives(Gives::Free("This document.")).public();

pub(crate) async fn handle(_: Caller, _: Input, _: App) -> Result<Reply, Failure> {
    Ok(Reply::ok(crate::openapi::document()))
}
