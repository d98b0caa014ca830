// SPDX-License-Identifier: Apache-2.0
//! `POST /v1/clusters/{cluster}/paths`: trace the path between two ends of the cluster, or with `matrix` tell which nodes and
//! pods reach each other. Packets are sent; nothing is kept.

use crate::app::{App, PathWish};
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::{Gives, Takes};
use crate::typed::{Field, Kind, TEXT};

pub const OPERATION: Operation = Operation::post("/v1/clusters/{cluster_ident}/paths")
    .policy("cluster:diagnose")
    .returns(200)
    .takes(Takes::Object(FIELDS))
    .gives(Gives::Free("A path of schema magnum.path/v1, or a matrix of schema magnum.path-matrix/v1."));

const FIELDS: &[Field] = &[Field::new("from", TEXT), Field::new("to", TEXT), Field::new("matrix", Kind::Bool)];

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let record = input.record("path", FIELDS)?;
    let cluster = app.store.find_cluster(&caller.scope(), input.param("cluster_ident")).await?;
    caller.authorise_on(&OPERATION, &cluster)?;
    let wish = match (record.text("from"), record.text("to"), record.bool("matrix").unwrap_or(false)) {
        (None, None, true) => PathWish::Matrix,
        (Some(from), Some(to), false) => PathWish::Between { from, to },
        (_, _, true) => return Err(Failure::bad("from, to: a matrix is of the whole cluster; leave them out")),
        (None, ..) => return Err(Failure::bad("from: give the pod, node or address that the path begins at")),
        (_, None, _) => return Err(Failure::bad("to: give the pod, service, node or address that the path leads to")),
    };
    Ok(Reply::ok(app.diagnose.path(cluster.uuid, wish).await?))
}
