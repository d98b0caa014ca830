// SPDX-License-Identifier: Apache-2.0
//! `DELETE /v1/clustertemplates/{ident}`: only while no cluster uses it.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;

pub const OPERATION: Operation = Operation::delete("/v1/clustertemplates/{cluster_template_ident}").policy("clustertemplate:delete");

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    input.only_arguments(&[])?;
    let template = app.store.find_template(&caller.scope(), input.param("cluster_template_ident")).await?;
    super::template::owned(&caller, &template, "clustertemplate:delete")?;
    app.store.delete_template(template.uuid).await?;
    Ok(Reply::Empty)
}
