// SPDX-License-Identifier: Apache-2.0
//! `DELETE /v1/baymodels/{ident}`: removes a cluster template that no cluster uses.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;

pub const OPERATION: Operation = Operation::delete("/v1/baymodels/{baymodel_ident}")
    .policy("baymodel:delete")
    .everywhere("clustertemplate:delete_all_projects")
    .until(10);

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let template = app.store.find_template(&caller.scope(), input.param("baymodel_ident")).await?;
    caller.authorise_on(&OPERATION, &template)?;
    app.store.delete_template(template.uuid).await?;
    Ok(Reply::Empty)
}
