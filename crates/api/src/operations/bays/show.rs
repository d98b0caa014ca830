// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/bays/{ident}`: a cluster as a bay, by uuid or name, with what has failed.

use super::bay::FIELDS;
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::Gives;

pub const OPERATION: Operation = Operation::get("/v1/bays/{bay_ident}")
    .policy("bay:get")
    .everywhere("cluster:get_one_all_projects")
    .until(10)
    .gives(Gives::Object("Bay", FIELDS));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let cluster = app.store.find_cluster(&caller.scope(), input.param("bay_ident")).await?;
    caller.authorise_on(&OPERATION, &cluster)?;
    let groups = app.store.list_all_nodegroups(cluster.uuid).await?;
    Ok(Reply::ok(super::bay::full(&caller, &cluster, &groups, true)))
}
