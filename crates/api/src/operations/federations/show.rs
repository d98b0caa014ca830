// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/federations/{ident}`: one federation by uuid or name.

use super::federation::FIELDS;
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::Gives;

pub const OPERATION: Operation =
    Operation::get("/v1/federations/{federation_ident}").policy("federation:get").gives(Gives::Object("Federation", FIELDS));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let federation = app.store.find_federation(&caller.identity.project, input.param("federation_ident")).await?;
    caller.authorise_on(&OPERATION, &federation)?;
    Ok(Reply::ok(super::federation::show(&caller, &federation, true)))
}
