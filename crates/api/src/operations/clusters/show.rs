// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/clusters/{ident}`: one cluster by uuid or name, with what has failed.

use super::cluster::FIELDS;
use super::shape::{Form, Shape};
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::Gives;

pub const OPERATION: Operation = Operation::get("/v1/clusters/{cluster_ident}")
    .policy("cluster:get")
    .everywhere("cluster:get_one_all_projects")
    .gives(Gives::Object("Cluster", FIELDS));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let shown = app.store.find_shown(&caller.scope(), input.param("cluster_ident")).await?;
    caller.authorise_on(&OPERATION, &shown.cluster)?;
    let form = Form::Whole { template: &shown.template, faults: true };
    Reply::written(&Shape { cluster: &shown.cluster, groups: &shown.groups, caller: Some(&caller), form })
}
