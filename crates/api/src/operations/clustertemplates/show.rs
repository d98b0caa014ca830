// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/clustertemplates/{ident}`: one template by uuid, number or name.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;

pub const OPERATION: Operation = Operation::get("/v1/clustertemplates/{cluster_template_ident}").policy("clustertemplate:get");

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    input.only_arguments(&[])?;
    let template = app.store.find_template(&caller.scope(), input.param("cluster_template_ident")).await?;
    caller.authorise(&OPERATION)?;
    Ok(Reply::ok(super::template::show(&caller, &template)))
}
