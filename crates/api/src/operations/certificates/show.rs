// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/certificates/{cluster}`: the certificate of one of the cluster's authorities.

use super::create::FIELDS;
use crate::app::App;
use crate::caller::Caller;
use crate::certificate::{Ca, pair};
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::{Argument, ArgumentKind, Gives};
use serde_json::json;

pub const OPERATION: Operation = Operation::get("/v1/certificates/{cluster_ident}")
    .policy("certificate:get")
    .arguments(&[Argument::new(
        "ca_cert_type",
        ArgumentKind::Text,
        "Which authority: kubernetes, kubelet, etcd, front_proxy; anything else is the first.",
    )])
    .gives(Gives::Object("Certificate", FIELDS));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let cluster = app.store.find_cluster(&caller.own(), input.param("cluster_ident")).await?;
    caller.authorise_on(&OPERATION, &cluster)?;
    let kind = Ca::from_wire(input.argument("ca_cert_type"));
    let pair = pair(&app, &cluster, kind).await?;
    // While authorities are being replaced both are trusted, the one that signs first.
    let pem = app.store.get_trusted(cluster.uuid).await?.map_or(pair.certificate, |trusted| kind.of(trusted).trim().to_owned());
    let links = caller.links(&format!("certificates/{}", cluster.uuid));
    Ok(Reply::ok(json!({"cluster_uuid": cluster.uuid, "links": links, "pem": pem})))
}
