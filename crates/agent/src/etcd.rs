// SPDX-License-Identifier: Apache-2.0
//! etcd through its JSON gateway.
//!
//! Every connection needs a client certificate of the cluster (TLS), and that alone gives no right at all: it has no
//! name (the gateway refuses one that has), and what a caller may do hangs on the token it got for its password. Only
//! the API server, which speaks gRPC with the certificate `CN=root`, is etcd's root.

use crate::error::Error;
use crate::http::{Client, Identity};
use crate::kubernetes::{CA, ETCD_CLIENT};
use crate::spec::Questions;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use magnum_blueprint::NodeSpec;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use ureq::http::Method;

/// etcd's port for clients.
pub const PORT: u16 = 2379;
/// etcd's user for the overlay's keys.
pub const USER: &str = "flannel";
const LIMIT: Duration = Duration::from_secs(5);

/// One key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyValue {
    pub key: String,
    pub value: String,
    pub mod_revision: i64,
    pub lease: i64,
}

/// etcd's members, of which one that answers is used.
pub struct Etcd {
    members: Vec<Client>,
    password: SecretString,
    state: Mutex<State>,
}

#[derive(Default, Clone)]
struct State {
    current: usize,
    token: Option<String>,
}

/// One event of a watch.
pub type Lines = BufReader<ureq::BodyReader<'static>>;

impl Etcd {
    /// The cluster's etcd as this node sees it: its own member first, workers spread over all.
    pub fn of_cluster(spec: &NodeSpec) -> Result<Self, Error> {
        let kubernetes = spec.kubernetes().ok_or_else(|| Error::Spec("workload: not a Kubernetes node".to_owned()))?;
        let mut addresses: Vec<Ipv4Addr> = kubernetes.masters.iter().map(|master| master.address).collect();
        let own = addresses.iter().position(|address| *address == spec.node.address);
        let shift = own.unwrap_or_else(|| usize::try_from(spec.node.index).unwrap_or(0) % addresses.len().max(1));
        addresses.rotate_left(shift);
        Self::at(&addresses, kubernetes.etcd.flannel_password.clone())
    }

    /// Members at these addresses.
    pub fn at(addresses: &[Ipv4Addr], password: SecretString) -> Result<Self, Error> {
        let (certificate, key) = (format!("{ETCD_CLIENT}.crt"), format!("{ETCD_CLIENT}.key"));
        let identity = Identity { ca: Path::new(CA), client: Some((Path::new(&certificate), Path::new(&key))) };
        let client =
            |address: &Ipv4Addr| Client::tls(&format!("https://{address}:{PORT}"), &format!("etcd at {address}:{PORT}"), &identity, LIMIT);
        let members = addresses.iter().map(client).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { members, password, state: Mutex::default() })
    }

    /// Gets a token; an error when the password is wrong or etcd's users are not set up yet.
    pub fn log_in(&self) -> Result<(), Error> {
        let body = json!({"name": USER, "password": self.password.expose_secret()});
        let answer = self.call_plain("/v3/auth/authenticate", &body, None)?;
        let token = answer.get("token").and_then(Value::as_str).map(str::to_owned);
        self.state.lock().unwrap_or_else(PoisonError::into_inner).token = token;
        Ok(())
    }

    /// Calls a method with the token, which is renewed when it has run out.
    pub fn call(&self, path: &str, body: &Value) -> Result<Value, Error> {
        let token = self.token()?;
        match self.call_plain(path, body, Some(token)) {
            Err(Error::Refused { status: 401, .. }) => {
                self.log_in()?;
                self.call_plain(path, body, Some(self.token()?))
            }
            other => other,
        }
    }

    /// Calls a method without any token; another member is taken when one does not answer.
    pub fn call_plain(&self, path: &str, body: &Value, token: Option<String>) -> Result<Value, Error> {
        let mut last = Error::Spec("masters: there is none".to_owned());
        for _ in &self.members {
            let client = self.current(token.clone())?;
            match client.post(path, body) {
                Err(error @ Error::Unreachable { .. }) => {
                    last = error;
                    self.next();
                }
                other => return other,
            }
        }
        Err(last)
    }

    /// Opens a watch on all keys under `prefix` after `revision`.
    pub fn watch(&self, prefix: &str, revision: i64, limits: (Duration, Duration)) -> Result<Lines, Error> {
        let body = json!({"create_request": {
            "key": encode(prefix), "range_end": encode(&end_of(prefix)), "start_revision": (revision + 1).to_string(),
        }});
        let outcome = self.current(Some(self.token()?))?.stream(Method::POST, "/v3/watch", Some(&body), limits);
        if let Err(Error::Unreachable { .. }) = outcome {
            self.next();
        }
        outcome
    }

    /// One key, or none.
    pub fn get(&self, key: &str) -> Result<Option<KeyValue>, Error> {
        let answer = self.call("/v3/kv/range", &json!({"key": encode(key)}))?;
        Ok(key_values(&answer).into_iter().next())
    }

    /// All keys under `prefix`, and the revision at which they were read.
    pub fn list(&self, prefix: &str) -> Result<(Vec<KeyValue>, i64), Error> {
        let answer = self.call("/v3/kv/range", &json!({"key": encode(prefix), "range_end": encode(&end_of(prefix))}))?;
        Ok((key_values(&answer), number(answer.pointer("/header/revision"))))
    }

    fn token(&self) -> Result<String, Error> {
        let known = self.state.lock().unwrap_or_else(PoisonError::into_inner).token.clone();
        if let Some(token) = known {
            return Ok(token);
        }
        self.log_in()?;
        let token = self.state.lock().unwrap_or_else(PoisonError::into_inner).token.clone();
        token.ok_or_else(|| Error::Answer { peer: "etcd".to_owned(), what: "no token".to_owned() })
    }

    fn current(&self, token: Option<String>) -> Result<Client, Error> {
        let current = self.state.lock().unwrap_or_else(PoisonError::into_inner).current;
        let client = self.members.get(current % self.members.len().max(1)).cloned();
        let client = client.ok_or_else(|| Error::Spec("masters: there is none".to_owned()))?;
        Ok(match token {
            Some(token) => client.with_header("authorization", token),
            None => client,
        })
    }

    fn next(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).current += 1;
    }
}

/// Whether etcd said that its users are not set up yet.
pub fn is_not_set_up(error: &Error) -> bool {
    matches!(error, Error::Refused { what, .. } if what.contains("authentication is not enabled"))
}

/// Whether a line of a watch tells of a change (or of the watch's end), and not only that it was opened.
pub fn next_change(lines: &mut Lines) -> bool {
    let mut line = String::new();
    loop {
        line.clear();
        match lines.read_line(&mut line) {
            Ok(0) | Err(_) => return false,
            Ok(_) => {}
        }
        let value: Value = serde_json::from_str(&line).unwrap_or(Value::Null);
        if value.pointer("/result/events").is_some_and(Value::is_array) {
            return true;
        }
        if value.get("error").is_some() || value.pointer("/result/canceled") == Some(&Value::Bool(true)) {
            return false;
        }
    }
}

/// Bytes as the gateway wants them.
pub fn encode(text: &str) -> String {
    STANDARD.encode(text)
}

/// The end of the range of all keys that begin with `prefix`.
pub fn end_of(prefix: &str) -> String {
    let mut bytes = prefix.as_bytes().to_vec();
    if let Some(last) = bytes.last_mut() {
        *last += 1;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The gateway writes 64-bit numbers as text.
pub fn number(value: Option<&Value>) -> i64 {
    let text = value.and_then(Value::as_str).and_then(|text| text.parse().ok());
    text.or_else(|| value.and_then(Value::as_i64)).unwrap_or(0)
}

fn key_values(answer: &Value) -> Vec<KeyValue> {
    let text = |value: Option<&Value>| {
        let bytes = value.and_then(Value::as_str).and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let list = answer.get("kvs").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let one = |kv: &Value| KeyValue {
        key: text(kv.get("key")),
        value: text(kv.get("value")),
        mod_revision: number(kv.get("mod_revision")),
        lease: number(kv.get("lease")),
    };
    list.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_the_gateway_are_read() {
        let answer = json!({"header": {"revision": "12"}, "kvs": [{"key": encode("/a/b"), "value": encode("{}"), "mod_revision": "9", "lease": "77"}]});
        assert_eq!(key_values(&answer), [KeyValue { key: "/a/b".into(), value: "{}".into(), mod_revision: 9, lease: 77 }]);
        assert_eq!(number(answer.pointer("/header/revision")), 12);
        assert_eq!(end_of("/a/"), "/a0");
        assert!(key_values(&json!({})).is_empty());
    }
}
