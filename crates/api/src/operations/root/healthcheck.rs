// SPDX-License-Identifier: Apache-2.0
//! `GET /healthcheck`: whether this process answers, for load balancers.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::Gives;
use crate::typed::{Field, Kind};
use serde_json::json;

pub const OPERATION: Operation = Operation::get("/healthcheck").public().gives(Gives::Word(FIELDS)).also(503, Gives::Word(FIELDS));

const FIELDS: &[Field] = &[Field::new("detailed", Kind::Bool), Field::new("reasons", Kind::TextList)];

pub(crate) async fn handle(_: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let disabled = app.front.out_of_service.as_ref().is_some_and(|file| file.exists());
    let (status, reason) = if disabled { (503, "DISABLED BY FILE") } else { (200, "OK") };
    if input.json {
        return Ok(Reply::Json { status, body: json!({"detailed": false, "reasons": [reason]}), location: None });
    }
    Ok(Reply::Raw { status, media_type: "text/plain; charset=UTF-8", body: reason.as_bytes().to_vec() })
}
