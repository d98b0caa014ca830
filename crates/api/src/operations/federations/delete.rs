// SPDX-License-Identifier: Apache-2.0
//! `DELETE /v1/federations/{ident}`: removes a federation; its clusters stay.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;

pub const OPERATION: Operation = Operation::delete("/v1/federations/{federation_ident}").policy("federation:delete");

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let federation = app.store.find_federation(&caller.identity.project, input.param("federation_ident")).await?;
    caller.authorise_on(&OPERATION, &federation)?;
    app.store.delete_federation(federation.uuid).await?;
    Ok(Reply::Empty)
}
