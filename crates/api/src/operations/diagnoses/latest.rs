// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/clusters/{cluster}/diagnoses/latest`: the last report.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::Gives;

pub const OPERATION: Operation = Operation::get("/v1/clusters/{cluster_ident}/diagnoses/latest")
    .policy("cluster:get")
    .gives(Gives::Free("A report of schema magnum.doctor/v1."));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let cluster = app.store.find_cluster(&caller.scope(), input.param("cluster_ident")).await?;
    caller.authorise_on(&OPERATION, &cluster)?;
    let report = app.store.get_report(cluster.uuid).await?;
    report.map(Reply::ok).ok_or_else(|| Failure::not_found(format!("No diagnosis of cluster {} was made.", cluster.name)))
}
