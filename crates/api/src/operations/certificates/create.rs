// SPDX-License-Identifier: Apache-2.0
//! `POST /v1/certificates`: have a request signed by one of the cluster's authorities.

use crate::app::App;
use crate::caller::Caller;
use crate::certificate::{Ca, authority, sign};
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::{Gives, Takes};
use crate::typed::{Field, Kind, TEXT};
use magnum_pki::Csr;
use serde_json::{Map, json};

pub const OPERATION: Operation = Operation::post("/v1/certificates")
    .policy("certificate:create")
    .takes(Takes::Object(FIELDS))
    .gives(Gives::Object("Certificate", FIELDS));

pub(crate) const FIELDS: &[Field] = &[
    Field::new("cluster_uuid", TEXT),
    Field::new("bay_uuid", TEXT),
    Field::new("links", Kind::TextsList).read_only(),
    Field::new("csr", Kind::Lines { min: 1 }).mandatory(),
    Field::new("pem", Kind::Lines { min: 1 }),
    Field::new("ca_cert_type", TEXT),
];

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let record = input.record("certificate", FIELDS)?;
    let bay = record.text("bay_uuid");
    let missing = || Failure::field("cluster_uuid", "None", "Mandatory field missing.");
    let ident = record.text("cluster_uuid").or_else(|| bay.clone()).ok_or_else(missing)?;
    let cluster = app.store.find_cluster(&caller.own(), &ident).await.map_err(|error| Failure::from(error).with_status(404, 400))?;
    caller.authorise_on(&OPERATION, &cluster)?;
    let text = record.text("csr").unwrap_or_default();
    let csr = Csr::parse(&text)?;
    let kind = record.text("ca_cert_type");
    let signed = sign(authority(&app, &cluster, Ca::from_wire(kind.as_deref())).await?, csr).await?;
    let mut shown = Map::new();
    // Who asks in the words of 2015 is answered in them.
    if bay.is_some() {
        shown.insert("bay_uuid".to_owned(), json!(cluster.uuid));
    }
    shown.insert("cluster_uuid".to_owned(), json!(cluster.uuid));
    shown.insert("links".to_owned(), caller.links(&format!("certificates/{}", cluster.uuid)));
    shown.insert("csr".to_owned(), json!(text));
    shown.insert("pem".to_owned(), json!(signed));
    if let Some(kind) = kind {
        shown.insert("ca_cert_type".to_owned(), json!(kind));
    }
    Ok(Reply::made(shown.into()))
}
