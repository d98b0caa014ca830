// SPDX-License-Identifier: Apache-2.0
//! Asks Magnum for what only it can give: certificates and the meeting point of a swarm's nodes (docs/node-api.md).

use crate::error::Error;
use crate::http::Client;
use magnum_blueprint::NodeSpec;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::time::Duration;
use ureq::http::Method;

/// Magnum, as this node sees it.
pub struct Magnum {
    client: Client,
    /// With a limit longer than Magnum holds a waiting answer.
    patient: Client,
}

/// A signed certificate and who signed it.
pub struct Signed {
    pub certificate: String,
    pub ca: String,
}

impl Magnum {
    /// Speaks with the node's own token.
    pub fn new(spec: &NodeSpec) -> Self {
        let peer = format!("Magnum at {}", spec.magnum.url);
        let client = |limit| {
            let client = Client::plain(&spec.magnum.url, &peer, Duration::from_secs(limit));
            client.with_header("x-magnum-node-token", spec.magnum.token.expose_secret().to_owned())
        };
        Self { client: client(10), patient: client(40) }
    }

    /// How Magnum is called in reports.
    pub fn peer(&self) -> &str {
        self.client.peer()
    }

    /// Has a request signed by one of the cluster's CAs.
    pub fn sign(&self, ca: &str, request: &str) -> Result<Signed, Error> {
        let answer = self.client.post("/v1/nodes/self/certificates", &json!({"ca": ca, "csr": request}))?;
        let text = |field: &str| {
            let found = answer.get(field).and_then(Value::as_str).map(str::to_owned);
            found.ok_or_else(|| Error::Answer { peer: self.peer().to_owned(), what: format!("a certificate without {field}") })
        };
        Ok(Signed { certificate: text("pem")?, ca: text("ca_pem")? })
    }

    /// Leaves a value for the other nodes.
    pub fn put(&self, key: &str, value: &SecretString) -> Result<(), Error> {
        self.client.put(&format!("/v1/nodes/self/rendezvous/{key}"), &json!({"value": value.expose_secret()})).map(drop)
    }

    /// A value another node left; waits at Magnum for up to `seconds` for it. None when there is none yet.
    pub fn get(&self, key: &str, seconds: u32) -> Result<Option<SecretString>, Error> {
        let reply = self.patient.send(Method::GET, &format!("/v1/nodes/self/rendezvous/{key}?wait={seconds}"), None)?;
        match reply.status {
            200 => {
                let value: Option<Value> = serde_json::from_str(&reply.text).ok();
                let text = value.as_ref().and_then(|value| value.get("value")).and_then(Value::as_str);
                let text = text.ok_or_else(|| Error::Answer { peer: self.peer().to_owned(), what: "no value".to_owned() })?;
                Ok(Some(SecretString::from(text)))
            }
            404 => Ok(None),
            status => Err(Error::Refused { peer: self.peer().to_owned(), status, what: reply.text.chars().take(300).collect() }),
        }
    }
}
