// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/clustertemplates/detail`: the same objects as the list; Magnum has no shorter form of templates.

use super::template::FIELDS;
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::{Gives, PAGE};

pub const OPERATION: Operation = Operation::get("/v1/clustertemplates/detail")
    .policy("clustertemplate:detail")
    .everywhere("clustertemplate:detail_all_projects")
    .arguments(PAGE)
    .gives(Gives::List("clustertemplates", "ClusterTemplate", FIELDS));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    caller.authorise(&OPERATION)?;
    super::list::list(caller, input, app, "clustertemplates/detail", "clustertemplates", super::template::show).await
}
