// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/clustertemplates/{ident}`: one template by uuid, number or name.

use super::template::FIELDS;
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::Gives;

pub const OPERATION: Operation = Operation::get("/v1/clustertemplates/{cluster_template_ident}")
    .policy("clustertemplate:get")
    .everywhere("clustertemplate:get_one_all_projects")
    .gives(Gives::Object("ClusterTemplate", FIELDS));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let template = app.store.find_template(&caller.scope(), input.param("cluster_template_ident")).await?;
    caller.authorise_to_see(&OPERATION, &template)?;
    Ok(Reply::ok(super::template::show(&caller, &template)))
}
