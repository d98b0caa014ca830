// SPDX-License-Identifier: Apache-2.0
//! `DELETE /v1/clusters/{ident}`: ask for a cluster to go; its row goes last. Asking twice is asking once.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use magnum_store::{Cluster, ClusterField, Request};
use magnum_types::ClusterStatus;
use serde_json::Value;

pub const OPERATION: Operation =
    Operation::delete("/v1/clusters/{cluster_ident}").policy("cluster:delete").everywhere("cluster:delete_all_projects");

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let cluster = app.store.find_cluster(&caller.scope(), input.param("cluster_ident")).await?;
    caller.authorise_on(&OPERATION, &cluster)?;
    ask(&caller, &app, &cluster).await
}

/// Asks for the cluster to go.
pub(crate) async fn ask(caller: &Caller, app: &App, cluster: &Cluster) -> Result<Reply, Failure> {
    let mut request = Request::new(caller.operation(cluster.uuid, "delete", Value::Null));
    request.not_while = vec![ClusterStatus::DeleteInProgress];
    request.cluster = vec![ClusterField::Status(ClusterStatus::DeleteInProgress), ClusterField::StatusReason(None)];
    match app.store.request(request).await {
        Ok(()) | Err(magnum_store::Error::Status { .. }) => Ok(Reply::Empty),
        Err(error) => Err(error.into()),
    }
}
