// SPDX-License-Identifier: Apache-2.0
//! Lists and watches one kind of object of the API, for ever.

use super::Shared;
use crate::error::Error;
use crate::http::Client;
use crate::report::complain;
use serde_json::Value;
use std::io::BufRead;
use std::thread;
use std::time::Duration;
use ureq::http::Method;

/// The API server ends a watch after this long; a pause this long is taken for a broken connection.
const WATCH_SECONDS: u64 = 240;
const AGAIN: Duration = Duration::from_millis(500);

/// What is watched.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Services,
    Endpoints,
}

impl Kind {
    fn path(self) -> &'static str {
        match self {
            Kind::Services => "/api/v1/services",
            Kind::Endpoints => "/api/v1/endpoints",
        }
    }
}

/// Keeps `shared` up to date.
pub fn follow(client: &Client, kind: Kind, shared: &Shared) {
    loop {
        if let Err(error) = once(client, kind, shared) {
            complain(&format!("magnum-agent: {}: {}", kind.path(), error.chain()));
            thread::sleep(AGAIN);
        }
    }
}

/// One list, and watches from there on until one breaks.
fn once(client: &Client, kind: Kind, shared: &Shared) -> Result<(), Error> {
    let list = client.get(&format!("{}?resourceVersion=0", kind.path()))?;
    let items = list.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    shared.change(|names| match kind {
        Kind::Services => names.set_services(items),
        Kind::Endpoints => names.set_endpoints(items),
    });
    let mut version = list.pointer("/metadata/resourceVersion").and_then(Value::as_str).unwrap_or("0").to_owned();
    loop {
        let path = format!("{}?watch=1&allowWatchBookmarks=true&timeoutSeconds={WATCH_SECONDS}&resourceVersion={version}", kind.path());
        let limit = Duration::from_secs(WATCH_SECONDS + 10);
        let mut lines = client.stream(Method::GET, &path, None, (limit, limit))?;
        let mut line = String::new();
        while lines.read_line(&mut line).map_err(|error| Error::Unreachable { peer: client.peer().to_owned(), what: error.to_string() })?
            > 0
        {
            let event: Value =
                serde_json::from_str(&line).map_err(|error| Error::Answer { peer: client.peer().to_owned(), what: error.to_string() })?;
            line.clear();
            let object = event.get("object").unwrap_or(&Value::Null);
            let gone = match event.get("type").and_then(Value::as_str) {
                Some("ADDED" | "MODIFIED") => Some(false),
                Some("DELETED") => Some(true),
                Some("BOOKMARK") => None,
                // Too old a version: everything is listed anew.
                _ => return Ok(()),
            };
            if let Some(newest) = object.pointer("/metadata/resourceVersion").and_then(Value::as_str) {
                newest.clone_into(&mut version);
            }
            if let Some(gone) = gone {
                shared.change(|names| match kind {
                    Kind::Services => names.service(object, gone),
                    Kind::Endpoints => names.endpoints(object, gone),
                });
            }
        }
    }
}
