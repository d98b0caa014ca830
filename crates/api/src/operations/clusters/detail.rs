// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/clusters/detail`: the visible clusters with everything about them.

use super::cluster::{FIELDS, Listing};
use super::shape::{Form, Shape};
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::{Gives, PAGE};
use magnum_store::{Cluster, NodeGroup};
use magnum_types::Labels;

pub const OPERATION: Operation = Operation::get("/v1/clusters/detail")
    .policy("cluster:detail")
    .everywhere("cluster:detail_all_projects")
    .arguments(PAGE)
    .gives(Gives::List("clusters", "Cluster", FIELDS));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    caller.authorise(&OPERATION)?;
    let show = |caller: &Caller, cluster: &Cluster, groups: &[NodeGroup], template: &Labels| {
        let form = Form::Whole { template, faults: false };
        Shape { cluster, groups, caller: Some(caller), form }.object().into()
    };
    Listing { path: "clusters/detail", key: "clusters", show, groups: true, templates: true }.answer(caller, input, app).await
}
