// SPDX-License-Identifier: Apache-2.0
//! `POST /v1/clusters/{cluster}/diagnoses`: have the doctor look now; the report is kept as the cluster's last.
//! With `verify=ID,ID` only these faults are looked for, and the report is not kept.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;

pub const OPERATION: Operation = Operation::post("/v1/clusters/{cluster_ident}/diagnoses").policy("cluster:diagnose").returns(200);

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    input.only_arguments(&["verify"])?;
    let cluster = app.store.find_cluster(&caller.scope(), input.param("cluster_ident")).await?;
    caller.authorise(&OPERATION)?;
    let verify: Vec<String> =
        input.argument("verify").unwrap_or_default().split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect();
    let whole = verify.is_empty();
    let report = app.diagnose.diagnose(cluster.uuid, verify).await.map_err(Failure::unavailable)?;
    if whole {
        app.store.update_report(cluster.uuid, &report).await?;
    }
    Ok(Reply::ok(report))
}
