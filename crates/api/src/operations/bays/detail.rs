// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/bays/detail`: the visible clusters as bays.

use super::bay::{FIELDS, full};
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

pub const OPERATION: Operation = Operation::get("/v1/bays/detail")
    .policy("bay:detail")
    .everywhere("cluster:detail_all_projects")
    .until(10)
    .arguments(PAGE)
    .gives(Gives::List("bays", "Bay", FIELDS));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    caller.authorise(&OPERATION)?;
    let show = |caller: &Caller, cluster: &Cluster, groups: &[NodeGroup], _: &Labels| full(caller, cluster, groups, false);
    Listing { path: "bays/detail", key: "bays", show, groups: true, templates: false }.answer(caller, input, app).await
}
