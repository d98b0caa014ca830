// SPDX-License-Identifier: Apache-2.0
//! `POST /v1/nodes/self/certificates`: a certificate for a key that the node made itself.
//!
//! The certificate is of our own wording: subject, names and usages that the rules allow, nothing else of the request.

use super::subjects::{self, Seat};
use super::{Member, Ward, answer, json};
use crate::certificate::{Ca, authority, pair};
use crate::failure::Failure;
use crate::reply::Reply;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use magnum_pki::Csr;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    ca: String,
    csr: String,
}

pub(super) async fn handle(State(ward): State<Ward>, headers: HeaderMap, body: Body) -> Response {
    answer(issue(&ward, &headers, body).await)
}

async fn issue(ward: &Ward, headers: &HeaderMap, body: Body) -> Result<Reply, Failure> {
    let Member { node, cluster } = ward.admit(headers).await?;
    let asked: Asked = json(headers, body).await?;
    let ca = match asked.ca.as_str() {
        "kubernetes" => Ca::Cluster,
        "etcd" => Ca::Etcd,
        "front-proxy" => Ca::FrontProxy,
        _ => return Err(Failure::bad("ca should be one of: kubernetes, etcd, front-proxy")),
    };
    let csr = Csr::parse(&asked.csr)?;
    let swarm = ward.app.store.get_template(cluster.cluster_template_id).await?.coe.is_swarm();
    let seat = Seat { name: node.name.as_str(), address: &node.address, role: node.role, swarm };
    let usages = subjects::usages(&seat, ca, csr.subject(), csr.sans(), csr.extended_key_usages()).map_err(|reason| {
        tracing::warn!(cluster = %cluster.uuid, node = %node.name, reason, "certificate refused");
        Failure::forbidden(format!("{} may not have this certificate: {reason}.", node.name))
    })?;
    let ca_pem = pair(&ward.app, &cluster, ca).await?.certificate;
    let authority = authority(&ward.app, &cluster, ca).await?;
    let work = move || authority.issue(csr.subject(), csr.sans(), &usages, csr.public_key(), jiff::Timestamp::now());
    let pem = tokio::task::spawn_blocking(work).await.map_err(|error| Failure::ours("The certificate could not be signed.", error))??;
    Ok(Reply::made(serde_json::json!({"pem": pem, "ca_pem": ca_pem})))
}
