// SPDX-License-Identifier: Apache-2.0
//! `PATCH /v1/certificates/{cluster}`: other authorities for a running cluster.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::operations::clusters::change::{BUSY, complete};
use crate::reply::Reply;
use crate::shape::Gives;
use magnum_store::{ClusterField, Request};
use magnum_types::ClusterStatus;
use serde_json::{Value, json};

pub const OPERATION: Operation =
    Operation::patch("/v1/certificates/{cluster_ident}").policy("certificate:rotate_ca").returns(202).gives(Gives::Uuid);

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let cluster = app.store.find_cluster(&caller.own(), input.param("cluster_ident")).await?;
    caller.authorise_on(&OPERATION, &cluster)?;
    if app.store.get_template(cluster.cluster_template_id).await?.tls_disabled == Some(true) {
        return Err(Failure::bad("Rotating the CA certificate on a non-TLS cluster is not supported"));
    }
    // What failed half way goes on, when it is asked for again.
    let failed = cluster.status == Some(ClusterStatus::UpdateFailed);
    if !(failed && app.store.get_rotation(cluster.uuid).await?.is_some()) {
        complete(&cluster, "Updating")?;
    }
    let mut request = Request::new(caller.operation(cluster.uuid, "rotate-ca", Value::Null));
    request.not_while = BUSY.to_vec();
    request.cluster = vec![ClusterField::Status(ClusterStatus::UpdateInProgress), ClusterField::StatusReason(None)];
    app.store.request(request).await?;
    Ok(Reply::accepted(json!({"uuid": cluster.uuid})))
}
