// SPDX-License-Identifier: Apache-2.0
//! Docker, if it runs: its socket would start it.

use crate::collect::Collector;
use crate::docker::get;
use crate::error::Error;
use serde_json::{Value, json};
use std::time::Duration;

pub static COLLECTOR: Collector = Collector { name: "docker", limit: Duration::from_secs(5), run };

fn run() -> Result<Value, Error> {
    let pid = std::fs::read_to_string("/run/docker.pid").unwrap_or_default();
    let runs = std::fs::read_to_string(format!("/proc/{}/comm", pid.trim())).is_ok_and(|name| name.trim() == "dockerd");
    if !runs {
        return Err(Error::Unreachable { peer: "Docker".to_owned(), what: "not running".to_owned() });
    }
    Ok(json!({"info": get("/info")?, "containers": get("/containers/json?all=1")?}))
}
