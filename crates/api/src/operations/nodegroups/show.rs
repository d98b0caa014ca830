// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/clusters/{cluster}/nodegroups/{group}`: one group by uuid or name.

use super::nodegroup::FIELDS;
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::Gives;

pub const OPERATION: Operation = Operation::get("/v1/clusters/{cluster_id}/nodegroups/{nodegroup_id}")
    .policy("nodegroup:get")
    .everywhere("nodegroup:get_one_all_projects")
    .since(9, "delete")
    .gives(Gives::Object("NodeGroup", FIELDS));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    caller.authorise(&OPERATION)?;
    let cluster = app.store.find_cluster(&caller.scope(), input.param("cluster_id")).await?;
    let group = app.store.find_nodegroup(cluster.uuid, input.param("nodegroup_id")).await?;
    Ok(Reply::ok(super::nodegroup::full(&caller, &group, &cluster.labels)))
}
