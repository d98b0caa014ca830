// SPDX-License-Identifier: Apache-2.0
//! `PATCH /v1/baymodels/{ident}`: changes a cluster template; little of it while clusters use it.

use super::baymodel::{FIELDS, attributes, show};
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::operations::clustertemplates::update::{RULES, change};
use crate::patch;
use crate::reply::Reply;
use crate::shape::{Gives, Takes};
use crate::typed::Record;

pub const OPERATION: Operation = Operation::patch("/v1/baymodels/{baymodel_ident}")
    .policy("baymodel:update")
    .everywhere("clustertemplate:update_all_projects")
    .until(10)
    .takes(Takes::Patch(&RULES))
    .gives(Gives::Object("BayModel", FIELDS));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let old = app.store.find_template(&caller.scope(), input.param("baymodel_ident")).await?;
    caller.authorise_on(&OPERATION, &old)?;
    let record = Record::check(FIELDS, &patch::apply(&input, &RULES, attributes(&old))?)?;
    // What a baymodel does not have stays as it is.
    let record = record.with("driver", old.driver.clone().into());
    let template = change(&caller, &app, old, &record, "baymodel:publish").await?;
    Ok(Reply::ok(show(&caller, &template)))
}
