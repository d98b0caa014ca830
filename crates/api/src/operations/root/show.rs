// SPDX-License-Identifier: Apache-2.0
//! `GET /`: which API versions there are.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::Gives;
use magnum_types::Microversion;
use serde_json::json;

pub const OPERATION: Operation = Operation::get("/").public().gives(Gives::Free("The versions of the API."));

pub(crate) async fn handle(caller: Caller, _: Input, _: App) -> Result<Reply, Failure> {
    Ok(Reply::ok(json!({
        "name": "OpenStack Magnum API",
        "description": "Magnum is an OpenStack project which aims to provide container cluster management.",
        "versions": [{
            "id": "v1",
            "links": [{"href": format!("{}/v1/", caller.base), "rel": "self"}],
            "status": "CURRENT",
            "max_version": Microversion::MAX.to_string(),
            "min_version": Microversion::MIN.to_string(),
        }],
    })))
}
