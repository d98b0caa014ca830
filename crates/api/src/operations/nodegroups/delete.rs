// SPDX-License-Identifier: Apache-2.0
//! `DELETE /v1/clusters/{cluster}/nodegroups/{group}`: ask for a group to go with its nodes.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::operations::clusters::change::{settled, updating};
use crate::reply::Reply;
use magnum_store::{NodeGroupField, Request};
use magnum_types::ClusterStatus;
use serde_json::json;

pub const OPERATION: Operation =
    Operation::delete("/v1/clusters/{cluster_id}/nodegroups/{nodegroup_id}").policy("nodegroup:delete").since(9, "delete");

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    caller.authorise(&OPERATION)?;
    let cluster = app.store.find_cluster(&caller.own(), input.param("cluster_id")).await?;
    let group = app.store.find_nodegroup(cluster.uuid, input.param("nodegroup_id")).await?;
    if group.is_default {
        return Err(Failure::bad("Deleting a default nodegroup is not supported."));
    }
    settled(&cluster, "Updating")?;
    let what = json!({"nodegroup": group.uuid});
    let mut request = Request::new(caller.operation(cluster.uuid, "nodegroup-delete", what));
    request.not_while = vec![ClusterStatus::DeleteInProgress];
    let fields = vec![NodeGroupField::NodeCount(0), NodeGroupField::Status(ClusterStatus::DeleteInProgress)];
    request.groups = vec![(group.uuid, fields)];
    updating(&cluster, &mut request);
    app.store.request(request).await?;
    Ok(Reply::Empty)
}
