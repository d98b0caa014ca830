// SPDX-License-Identifier: Apache-2.0
//! What nodes ask, served inside their own cluster's network (`docs/node-api.md`).
//!
//! What must stay true: a router is bound to one cluster and a token to one node of it, so a node can neither read
//! nor change anything of another cluster; a worker is never signed a certificate that could administer.

mod certificates;
mod rendezvous;
mod report;
mod subjects;

pub(crate) use report::read as read_report;
pub(crate) use subjects::{Seat, usages};

use crate::app::App;
use crate::dispatch::{panicked, read_body};
use crate::failure::Failure;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use magnum_store::{Cluster, Node, Scope, next_token_name};
use magnum_types::{ClusterId, ClusterStatus};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;

const TOKEN_HEADER: &str = "x-magnum-node-token";
/// The most bytes a node may send at once.
const BODY_MAX: usize = 256 << 10;
/// Requests that a node may save up, and how many it gains per second.
const BURST: f64 = 100.0;
const PER_SECOND: f64 = 20.0;

/// One cluster's view of the API.
#[derive(Clone)]
pub(crate) struct Ward {
    pub app: App,
    cluster: ClusterId,
    allowance: Arc<Mutex<HashMap<uuid::Uuid, (f64, Instant)>>>,
}

/// A node that has shown its token.
pub(crate) struct Member {
    pub node: Node,
    pub cluster: Cluster,
}

/// The node API of one cluster, to be served at the cluster's gateway and nowhere else.
pub fn node_router(app: App, cluster: ClusterId) -> Router {
    let ward = Ward { app, cluster, allowance: Arc::default() };
    Router::new()
        .route("/v1/nodes/self/report", post(report::handle))
        .route("/v1/nodes/self/certificates", post(certificates::handle))
        .route("/v1/nodes/self/rendezvous/{key}", put(rendezvous::leave).get(rendezvous::fetch))
        .route("/v1/agent", get(agent))
        .fallback(async || Failure::routing(404, "").respond(true, ""))
        .with_state(ward)
        .layer(CatchPanicLayer::custom(panicked))
}

/// How a node's token is stored: SHA-256, hexadecimal.
pub fn token_hash(token: &str) -> String {
    digest(&SHA256, token.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn agent(State(ward): State<Ward>) -> Response {
    answer(crate::operations::root::agent::binary(&ward.app).await)
}

/// An answer or a failure as a response; nodes always read JSON.
pub(crate) fn answer(result: Result<crate::reply::Reply, Failure>) -> Response {
    match result {
        Ok(reply) => reply.into_response(),
        Err(failure) => {
            if let Some(cause) = &failure.cause {
                tracing::error!(cause, "a node's request failed");
            }
            failure.respond(true, "")
        }
    }
}

impl Ward {
    /// Which node is asking. Every stored hash is compared, each in constant time.
    pub async fn admit(&self, headers: &HeaderMap) -> Result<Member, Failure> {
        let refuse = || Failure::unauthorized("The node token is missing or not good for this cluster.");
        let token = headers.get(TOKEN_HEADER).and_then(|value| value.to_str().ok()).ok_or_else(refuse)?;
        let given = token_hash(token);
        let nodes = self.app.store.list_nodes(self.cluster).await?;
        let same = |node: &Node| verify_slices_are_equal(node.token_hash.as_bytes(), given.as_bytes()).is_ok();
        let found = nodes.iter().fold(None, |found, node| if same(node) { Some(node) } else { found }).cloned();
        let node = match found {
            Some(node) => node,
            None => self.newly_known(nodes, &given).await?.ok_or_else(refuse)?,
        };
        let cluster = self.app.store.get_cluster(&Scope::All, self.cluster).await.map_err(|_| refuse())?;
        if cluster.status == Some(ClusterStatus::DeleteInProgress) {
            return Err(Failure::gone("The cluster is being deleted."));
        }
        self.spend(node.id)?;
        Ok(Member { node, cluster })
    }

    /// The node whose new token this is, while tokens are being replaced.
    async fn newly_known(&self, nodes: Vec<Node>, given: &str) -> Result<Option<Node>, Failure> {
        let private = self.app.store.list_private(self.cluster).await?;
        let next = |node: &Node| private.get(&next_token_name(node.id)).map(|token| token_hash(token.expose_secret()));
        let same = |node: &Node| next(node).is_some_and(|next| verify_slices_are_equal(next.as_bytes(), given.as_bytes()).is_ok());
        Ok(nodes.into_iter().fold(None, |found, node| if same(&node) { Some(node) } else { found }))
    }

    /// Takes one request from the node's allowance.
    fn spend(&self, node: uuid::Uuid) -> Result<(), Failure> {
        let now = Instant::now();
        let mut all = self.allowance.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, at) = all.entry(node).or_insert((BURST, now));
        *left = (*left + now.duration_since(*at).as_secs_f64() * PER_SECOND).min(BURST);
        *at = now;
        if *left < 1.0 {
            return Err(Failure::too_many());
        }
        *left -= 1.0;
        Ok(())
    }
}

/// The body as JSON of a known form.
pub(crate) async fn json<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, Failure> {
    parse(&read_body(headers, body, BODY_MAX).await?)
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| Failure::bad(format!("The body cannot be read: {error}.")))
}
