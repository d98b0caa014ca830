// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/bays`: the visible clusters as bays, in short.

use super::bay::{FIELDS, reduced};
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::operations::clusters::cluster::Listing;
use crate::reply::Reply;
use crate::shape::{Gives, PAGE};
use magnum_store::{Cluster, NodeGroup};
use magnum_types::Labels;

pub const OPERATION: Operation = Operation::get("/v1/bays")
    .policy("bay:get_all")
    .everywhere("cluster:get_all_all_projects")
    .until(10)
    .arguments(PAGE)
    .gives(Gives::List("bays", "Bay", FIELDS));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    caller.authorise(&OPERATION)?;
    let show = |caller: &Caller, cluster: &Cluster, groups: &[NodeGroup], _: &Labels| reduced(caller, cluster, groups);
    Listing { path: "bays", key: "bays", show, groups: false, templates: false }.answer(caller, input, app).await
}
