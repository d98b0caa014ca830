// SPDX-License-Identifier: Apache-2.0
//! `POST /v1/baymodels`: a new cluster template.

use super::baymodel::{FIELDS, show};
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::operations::clustertemplates::create::make;
use crate::reply::Reply;
use crate::shape::{Gives, Takes};

pub const OPERATION: Operation = Operation::post("/v1/baymodels")
    .policy("baymodel:create")
    .until(10)
    .body("baymodel", "BayModel")
    .takes(Takes::Object(FIELDS))
    .gives(Gives::Object("BayModel", FIELDS));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let record = input.record("baymodel", FIELDS)?;
    let template = make(&caller, &app, &record, &OPERATION, "baymodel:publish").await?;
    let location = format!("{}/v1/baymodels/{}", caller.base, template.uuid);
    Ok(Reply::created(show(&caller, &template), location))
}
