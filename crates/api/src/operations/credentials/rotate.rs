// SPDX-License-Identifier: Apache-2.0
//! `PATCH /v1/credentials/{cluster}`: other credentials for what the cluster's nodes ask of Magnum. A cluster of this
//! program holds no trust in Keystone; what it holds are its nodes' tokens.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::Gives;
use magnum_store::{Cluster, ClusterField, Request};
use magnum_types::{Action, ClusterStatus, Phase};
use serde_json::{Value, json};

pub const OPERATION: Operation =
    Operation::patch("/v1/credentials/{cluster_ident}").policy("credential:rotate").since(12, "patch").returns(202).gives(Gives::Uuid);

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let cluster = app.store.find_cluster(&caller.own(), input.param("cluster_ident")).await?;
    caller.authorise_on(&OPERATION, &cluster)?;
    allowed(&cluster)?;
    let groups = app.store.list_all_nodegroups(cluster.uuid).await?;
    if groups.iter().all(|group| group.node_count == 0) {
        return Err(Failure::bad("Credential rotation is not supported by driver."));
    }
    let mut request = Request::new(caller.operation(cluster.uuid, "rotate-credential", Value::Null));
    request.not_while = vec![ClusterStatus::CreateInProgress, ClusterStatus::DeleteInProgress];
    request.cluster = vec![ClusterField::Status(ClusterStatus::UpdateInProgress), ClusterField::StatusReason(None)];
    app.store.request(request).await?;
    Ok(Reply::accepted(json!({"uuid": cluster.uuid})))
}

/// Magnum names its own function where the operation should stand.
fn allowed(cluster: &Cluster) -> Result<(), Failure> {
    use ClusterStatus as S;
    match cluster.status {
        Some(S::UpdateInProgress | S::UpdateFailed) => Ok(()),
        Some(status) if status.phase() == Phase::Complete && status != ClusterStatus::of(Action::Delete, Phase::Complete) => Ok(()),
        status => Err(Failure::bad(format!(
            "magnum.conductor.handlers.credential_conductor when cluster status is \"{}\" is not supported.",
            status.map_or_else(|| "None".to_owned(), |status| status.to_string())
        ))),
    }
}
