// SPDX-License-Identifier: Apache-2.0
//! `POST /v1/clusters/{ident}/actions/resize`: another number of nodes in one group, and which to give up first.

use super::change::{resized, settled};
use super::cluster::count;
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::{Gives, Takes};
use crate::typed::{Field, Kind, TEXT};
use crate::validate;
use magnum_store::{NodeGroup, Request};
use magnum_types::ClusterStatus;
use serde_json::json;

pub const OPERATION: Operation = Operation::post("/v1/clusters/{cluster_ident}/actions/resize")
    .policy("cluster:resize")
    .since(7, "resize")
    .returns(202)
    .takes(Takes::Object(FIELDS))
    .gives(Gives::Uuid);

const FIELDS: &[Field] = &[
    Field::new("node_count", Kind::Int { min: 0, max: 100_000 }).mandatory(),
    Field::new("nodes_to_remove", Kind::TextList),
    Field::new("nodegroup", TEXT),
];

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let record = input.record("cluster_resize_req", FIELDS)?;
    let cluster = app.store.find_cluster(&caller.own(), input.param("cluster_ident")).await?;
    caller.authorise_on(&OPERATION, &cluster)?;
    let groups = app.store.list_all_nodegroups(cluster.uuid).await?;
    let group = chosen(&groups, record.text("nodegroup").as_deref())?;
    let wanted = record.int("node_count").unwrap_or(0);
    validate::zero_nodes(&caller, wanted)?;
    within(group, wanted)?;
    settled(&cluster, "Resizing")?;
    validate::room(&cluster.labels, count(&groups, true) + count(&groups, false) - group.node_count + wanted)?;
    let what = json!({"nodegroup": group.uuid, "node_count": wanted, "nodes_to_remove": record.text_list("nodes_to_remove")});
    let mut request = Request::new(caller.operation(cluster.uuid, "resize", what));
    request.not_while = vec![ClusterStatus::DeleteInProgress];
    resized(&cluster, group, wanted, &mut request);
    app.store.request(request).await?;
    Ok(Reply::accepted(json!({"uuid": cluster.uuid})))
}

/// The named group, by uuid or name, or the default workers. Masters keep their number.
fn chosen<'a>(groups: &'a [NodeGroup], ident: Option<&str>) -> Result<&'a NodeGroup, Failure> {
    let group = match ident {
        None => groups.iter().find(|group| group.is_default && !group.is_master()),
        Some(ident) => groups.iter().find(|group| group.name == ident || group.uuid.to_string() == ident),
    };
    let group = group.ok_or_else(|| Failure::not_found(format!("Nodegroup {} could not be found.", ident.unwrap_or("default-worker"))))?;
    if group.is_master() {
        return Err(Failure::bad("Resizing the master nodegroup is not supported by this driver."));
    }
    Ok(group)
}

fn within(group: &NodeGroup, wanted: i64) -> Result<(), Failure> {
    let (least, most) = (group.min_node_count.unwrap_or(0), group.max_node_count.filter(|max| *max > 0));
    if wanted >= least && most.is_none_or(|most| wanted <= most) {
        return Ok(());
    }
    let most = most.map_or_else(|| "None".to_owned(), |most| most.to_string());
    Err(Failure::bad(format!("Resizing {} outside the allowed range: min_node_count = {least}, max_node_count = {most}", group.name)))
}
