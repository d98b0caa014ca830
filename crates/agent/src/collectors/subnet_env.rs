// SPDX-License-Identifier: Apache-2.0
//! What the overlay told everybody else on this node.

use crate::collect::Collector;
use crate::error::Error;
use crate::overlay::{CNI, DOCKER_ENV, SUBNET_ENV};
use serde_json::{Map, Value, json};
use std::time::Duration;

pub static COLLECTOR: Collector = Collector { name: "subnet-env", limit: Duration::from_secs(5), run };

fn run() -> Result<Value, Error> {
    let subnet = std::fs::read_to_string(SUBNET_ENV).ok();
    let docker = std::fs::read_to_string(DOCKER_ENV).unwrap_or_default();
    let cni: Option<Value> = std::fs::read_to_string(CNI).ok().and_then(|text| serde_json::from_str(&text).ok());
    Ok(json!({
        "present": subnet.is_some(),
        "values": assignments(subnet.as_deref().unwrap_or_default()),
        "docker": assignments(&docker),
        "cni": cni,
    }))
}

fn assignments(text: &str) -> Map<String, Value> {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), Value::String(value.trim_matches('"').to_owned()))).collect()
}
