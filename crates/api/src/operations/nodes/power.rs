// SPDX-License-Identifier: Apache-2.0
//! A node's power is a wanted state like any other: stored, then brought about by the conductor.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use magnum_store::Request;
use magnum_types::ClusterStatus;
use serde_json::json;

/// Stores that the node is to have power, or not.
pub(crate) async fn set(caller: &Caller, input: &Input, app: &App, operation: &Operation, on: bool) -> Result<Reply, Failure> {
    let (cluster, node) = super::target::find(caller, input, app, operation).await?;
    let what = json!({"node": node.name, "on": on});
    let mut request = Request::new(caller.operation(cluster.uuid, "power", what));
    request.not_while = vec![ClusterStatus::DeleteInProgress];
    request.power = vec![(node.name.clone(), on)];
    app.store.request(request).await?;
    Ok(Reply::accepted(json!({"uuid": cluster.uuid, "node": node.name})))
}
