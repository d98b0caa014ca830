// SPDX-License-Identifier: Apache-2.0
//! `/v1/nodes/self/rendezvous/{key}`: a value that one master leaves and other nodes wait for.

use super::{Member, Ward, answer, json};
use crate::failure::Failure;
use crate::reply::Reply;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use magnum_types::Role;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

const WORKER_TOKEN: &str = "swarm-worker-token";
const MANAGER_TOKEN: &str = "swarm-manager-token";
const VALUE_MAX: usize = 4096;
const WAIT_MAX_SECONDS: u64 = 25;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Value {
    value: SecretString,
}

#[derive(Deserialize)]
pub(super) struct Patience {
    #[serde(default)]
    wait: u64,
}

pub(super) async fn leave(State(ward): State<Ward>, Path(key): Path<String>, headers: HeaderMap, body: Body) -> Response {
    answer(put(&ward, &key, &headers, body).await)
}

pub(super) async fn fetch(
    State(ward): State<Ward>,
    Path(key): Path<String>,
    query: Result<Query<Patience>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let Ok(Query(patience)) = query else { return answer(Err(Failure::bad("wait should be a number of seconds."))) };
    answer(get(&ward, &key, Duration::from_secs(patience.wait.min(WAIT_MAX_SECONDS)), &headers).await)
}

async fn put(ward: &Ward, key: &str, headers: &HeaderMap, body: Body) -> Result<Reply, Failure> {
    let member = ward.admit(headers).await?;
    known(key)?;
    masters_only(&member, key)?;
    let Value { value } = json(headers, body).await?;
    let text = value.expose_secret();
    if text.is_empty() || text.len() > VALUE_MAX || text.chars().any(char::is_control) {
        return Err(Failure::bad(format!("value should be 1 to {VALUE_MAX} bytes of text in one line.")));
    }
    ward.app.store.put_rendezvous(member.cluster.uuid, key, &value).await?;
    Ok(Reply::Empty)
}

async fn get(ward: &Ward, key: &str, wait: Duration, headers: &HeaderMap) -> Result<Reply, Failure> {
    let member = ward.admit(headers).await?;
    known(key)?;
    if key == MANAGER_TOKEN {
        masters_only(&member, key)?;
    }
    let deadline = Instant::now() + wait;
    let mut news = ward.app.store.changed(member.cluster.uuid);
    loop {
        if let Some(value) = ward.app.store.get_rendezvous(member.cluster.uuid, key).await? {
            return Ok(Reply::ok(serde_json::json!({"value": value.expose_secret()})));
        }
        if timeout_at(deadline, news.changed()).await.is_err() {
            return Err(Failure::not_found(format!("No node has left a value for {key} yet.")));
        }
    }
}

fn known(key: &str) -> Result<(), Failure> {
    if [WORKER_TOKEN, MANAGER_TOKEN].contains(&key) { Ok(()) } else { Err(Failure::not_found("There is no rendezvous of this name.")) }
}

fn masters_only(member: &Member, key: &str) -> Result<(), Failure> {
    if member.node.role == Role::Master {
        Ok(())
    } else {
        Err(Failure::forbidden(format!("{key} is for masters; {} is a worker.", member.node.name)))
    }
}
