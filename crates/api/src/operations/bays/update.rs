// SPDX-License-Identifier: Apache-2.0
//! `PATCH /v1/bays/{ident}`: the number of a bay's nodes; nothing else of it can be changed.

use super::bay::{FIELDS, attributes, full};
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::operations::clusters::update::{names_node_count, resize};
use crate::patch::{self, Rules};
use crate::reply::Reply;
use crate::shape::{Gives, ROLLBACK, Takes};
use crate::typed::Record;
use magnum_store::Request;
use magnum_types::{ClusterStatus, Microversion};
use serde_json::json;

pub const OPERATION: Operation = Operation::patch("/v1/bays/{bay_ident}")
    .policy("bay:update")
    .everywhere("cluster:update_all_projects")
    .until(10)
    .arguments(&[ROLLBACK])
    .takes(Takes::Patch(&RULES))
    .gives(Gives::Object("Bay", FIELDS))
    .also(202, Gives::Uuid);

const RULES: Rules = Rules {
    internal: &["api_address", "node_addresses", "master_addresses", "stack_id", "ca_cert_ref", "magnum_cert_ref"],
    mandatory: &["baymodel_id"],
};

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let rollback = input.bool_argument("rollback")?.unwrap_or(false);
    let cluster = app.store.find_cluster(&caller.scope(), input.param("bay_ident")).await?;
    caller.authorise_on(&OPERATION, &cluster)?;
    let groups = app.store.list_all_nodegroups(cluster.uuid).await?;
    let before = attributes(&cluster, &groups);
    let record = Record::check(FIELDS, &patch::apply(&input, &RULES, before.clone())?)?;
    patch::only_changeable("cluster", &before, &record, &["node_count"])?;
    let operation = caller.operation(cluster.uuid, "update", json!({"rollback": rollback}));
    let mut request = Request::new(operation);
    request.not_while = vec![ClusterStatus::DeleteInProgress];
    if names_node_count(&input)? {
        resize(&cluster, &groups, record.int("node_count").unwrap_or(1), &mut request)?;
    }
    if !request.groups.is_empty() {
        app.store.request(request).await?;
    }
    if caller.version >= Microversion::v1(2) {
        return Ok(Reply::accepted(json!({"uuid": cluster.uuid})));
    }
    let changed = app.store.get_cluster(&caller.scope(), cluster.uuid).await?;
    let groups = app.store.list_all_nodegroups(cluster.uuid).await?;
    Ok(Reply::ok(full(&caller, &changed, &groups, false)))
}
