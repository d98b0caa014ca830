// SPDX-License-Identifier: Apache-2.0
//! `GET /v1`: which resources there are.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::Gives;
use serde_json::{Value, json};

pub const OPERATION: Operation = Operation::get("/v1").public().gives(Gives::Free("The resources of the API."));

const FIRST: [&str; 7] = ["clustertemplates", "clusters", "quotas", "certificates", "mservices", "stats", "federations"];

pub(crate) async fn handle(caller: Caller, _: Input, _: App) -> Result<Reply, Failure> {
    let base = &caller.base;
    let mut body = json!({
        "id": "v1",
        "media_types": [{"base": "application/json", "type": "application/vnd.openstack.magnum.v1+json"}],
        "links": [
            {"href": format!("{base}/v1/"), "rel": "self"},
            {"href": "http://docs.openstack.org/developer/magnum/dev/api-spec-v1.html", "rel": "describedby", "type": "text/html"},
        ],
    });
    if let Value::Object(map) = &mut body {
        for resource in FIRST {
            map.insert(resource.to_owned(), caller.links(&format!("{resource}/")));
        }
        map.insert("nodegroups".to_owned(), caller.links("clusters/{cluster_id}/nodegroups"));
        map.insert("credentials".to_owned(), caller.links("credentials/"));
    }
    Ok(Reply::ok(body))
}
