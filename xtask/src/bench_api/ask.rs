// SPDX-License-Identifier: Apache-2.0
//! One request at a time, with the time it takes.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::time::{Duration, Instant};

/// Asks with a token.
pub struct Asker {
    agent: ureq::Agent,
    token: String,
}

impl Asker {
    pub fn new(token: String) -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        Self { agent: config.into(), token }
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    /// How long a GET takes, and its answer; none when there is none within the limit.
    pub fn get(&self, url: &str, limit: Duration) -> Result<Option<(Duration, Value)>> {
        let request = self.agent.get(url).config().timeout_global(Some(limit)).build();
        let request = request.header("X-Auth-Token", &self.token).header("Accept", "application/json");
        let begun = Instant::now();
        let mut answer = match request.header("OpenStack-API-Version", "container-infra latest").call() {
            Ok(answer) => answer,
            Err(ureq::Error::Timeout(_)) => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("asking {url}")),
        };
        let status = answer.status().as_u16();
        let text = match answer.body_mut().with_config().limit(64 << 20).read_to_string() {
            Ok(text) => text,
            Err(ureq::Error::Timeout(_)) => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("reading the answer of {url}")),
        };
        let took = begun.elapsed();
        ensure!((200..300).contains(&status), "GET {url}: {status} {text:.300}");
        Ok(Some((took, serde_json::from_str(&text).with_context(|| format!("{url} answered no JSON"))?)))
    }

    /// The answer to a POST, which has to be good.
    pub fn post(&self, url: &str, body: &str) -> Result<Value> {
        let request = self.agent.post(url).config().timeout_global(Some(Duration::from_secs(60))).build();
        let request = request.header("X-Auth-Token", &self.token).header("Content-Type", "application/json");
        let request = request.header("OpenStack-API-Version", "container-infra latest").header("Accept", "application/json");
        let mut answer = request.send(body).with_context(|| format!("asking {url}"))?;
        let text = answer.body_mut().read_to_string().with_context(|| format!("reading the answer of {url}"))?;
        ensure!(answer.status().is_success(), "POST {url}: {} {text:.500}", answer.status());
        serde_json::from_str(&text).with_context(|| format!("{url} answered no JSON"))
    }
}
