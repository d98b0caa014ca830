// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/baymodels/{ident}`: a cluster template as a baymodel, by uuid or name.

use super::baymodel::FIELDS;
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::Gives;

pub const OPERATION: Operation = Operation::get("/v1/baymodels/{baymodel_ident}")
    .policy("baymodel:get")
    .everywhere("clustertemplate:get_one_all_projects")
    .until(10)
    .gives(Gives::Object("BayModel", FIELDS));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let template = app.store.find_template(&caller.scope(), input.param("baymodel_ident")).await?;
    caller.authorise_to_see(&OPERATION, &template)?;
    Ok(Reply::ok(super::baymodel::show(&caller, &template)))
}
