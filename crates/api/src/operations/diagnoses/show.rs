// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/clusters/{cluster}/diagnoses/{diagnosis}`: a diagnosis that was started, or one of the last reports.

use crate::app::App;
use crate::caller::Caller;
use crate::diagnosis::Seen;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::Gives;
use uuid::Uuid;

pub const OPERATION: Operation = Operation::get("/v1/clusters/{cluster_ident}/diagnoses/{diagnosis}")
    .policy("cluster:get")
    .gives(Gives::Free("A diagnosis with its report, or how far it has come."));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let cluster = app.store.find_cluster(&caller.scope(), input.param("cluster_ident")).await?;
    caller.authorise_on(&OPERATION, &cluster)?;
    let ident = input.param("diagnosis");
    let absent = || Failure::not_found(format!("Diagnosis {ident} of cluster {} could not be found.", cluster.name));
    let id: Uuid = ident.parse().map_err(|_| absent())?;
    match app.store.get_inquiry(cluster.uuid, id).await {
        Err(magnum_store::Error::NotFound { .. }) => {}
        started => return Ok(Reply::ok(Seen::started(&started?).document())),
    }
    match app.store.get_diagnosis(cluster.uuid, id).await {
        Err(magnum_store::Error::NotFound { .. }) => Err(absent()),
        made => Ok(Reply::ok(Seen::kept(&made?).document())),
    }
}
