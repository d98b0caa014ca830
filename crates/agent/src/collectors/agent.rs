// SPDX-License-Identifier: Apache-2.0
//! How far the agent itself has come.

use crate::collect::Collector;
use crate::error::Error;
use crate::{file, report};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

pub static COLLECTOR: Collector = Collector { name: "agent", limit: Duration::from_secs(5), run };

fn run() -> Result<Value, Error> {
    let text = file::read(Path::new(report::STEPS))?;
    let steps: Value =
        serde_json::from_str(&text).map_err(|error| Error::Answer { peer: report::STEPS.to_owned(), what: error.to_string() })?;
    Ok(json!({"version": env!("CARGO_PKG_VERSION"), "steps": steps}))
}
