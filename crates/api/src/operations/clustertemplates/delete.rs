// SPDX-License-Identifier: Apache-2.0
//! `DELETE /v1/clustertemplates/{ident}`: only while no cluster uses it.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;

pub const OPERATION: Operation = Operation::delete("/v1/clustertemplates/{cluster_template_ident}")
    .policy("clustertemplate:delete")
    .everywhere("clustertemplate:delete_all_projects");

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let template = app.store.find_template(&caller.scope(), input.param("cluster_template_ident")).await?;
    caller.authorise_on(&OPERATION, &template)?;
    app.store.delete_template(template.uuid).await?;
    Ok(Reply::Empty)
}
