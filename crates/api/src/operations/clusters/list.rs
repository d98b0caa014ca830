// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/clusters`: the visible clusters, in short.

use super::cluster::{FIELDS, Listing, reduced};
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::{Gives, PAGE};
use magnum_store::{Cluster, NodeGroup};
use magnum_types::Labels;

pub const OPERATION: Operation = Operation::get("/v1/clusters")
    .policy("cluster:get_all")
    .everywhere("cluster:get_all_all_projects")
    .arguments(PAGE)
    .gives(Gives::List("clusters", "Cluster", FIELDS));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    caller.authorise(&OPERATION)?;
    let show = |caller: &Caller, cluster: &Cluster, groups: &[NodeGroup], _: &Labels| reduced(caller, cluster, groups);
    Listing { path: "clusters", key: "clusters", show, groups: false, templates: false }.answer(caller, input, app).await
}
