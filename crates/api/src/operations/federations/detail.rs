// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/federations/detail`: the project's federations, whole.

use super::federation::FIELDS;
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::{Gives, PAGE};

pub const OPERATION: Operation = Operation::get("/v1/federations/detail").policy("federation:detail").arguments(PAGE).gives(Gives::List(
    "federations",
    "Federation",
    FIELDS,
));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    caller.authorise(&OPERATION)?;
    super::list::list(caller, input, app, "federations/detail", true).await
}
