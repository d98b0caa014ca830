// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/baymodels`: the visible cluster templates as baymodels.

use super::baymodel::{FIELDS, show};
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::operations::clustertemplates::list::list;
use crate::reply::Reply;
use crate::shape::{Gives, PAGE};

pub const OPERATION: Operation = Operation::get("/v1/baymodels")
    .policy("baymodel:get_all")
    .everywhere("clustertemplate:get_all_all_projects")
    .until(10)
    .arguments(PAGE)
    .gives(Gives::List("baymodels", "BayModel", FIELDS));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    caller.authorise(&OPERATION)?;
    list(caller, input, app, "baymodels", "baymodels", show).await
}
