// SPDX-License-Identifier: Apache-2.0
//! `magnum timeline`: what happened to a cluster, node by node.

use crate::context::{Context, text};
use crate::error::Error;
use crate::watch::event::Event;
use clap::Args;
use serde_json::Value;
use std::time::Duration;

const COLUMNS: &[&str] = &["id", "at", "node", "step", "state", "duration_ms", "detail"];
/// How long the server may hold an answer.
const WAIT_SECONDS: u64 = 20;
/// As many events are in one answer at most.
pub(crate) const PAGE: usize = 1000;

/// Arguments of `timeline`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// The cluster's name or uuid
    pub cluster: String,
    /// Stay and print events as they come, until nothing is in progress
    #[arg(long)]
    pub follow: bool,
}

/// One answer of the timeline.
pub(crate) struct Page {
    pub events: Vec<Value>,
    pub last: u64,
    pub status: String,
    pub status_reason: String,
}

/// Asks for what happened after event `after`; with `wait` the server holds the answer until there is news.
pub(crate) async fn page(context: &Context, cluster: &str, after: u64, wait: bool) -> Result<Page, Error> {
    let seconds = if wait { WAIT_SECONDS } else { 0 };
    let request = context.client()?.get(&["clusters", cluster, "timeline"]).query("after", &after.to_string());
    let request = if wait { request.query("wait", &seconds.to_string()) } else { request };
    let mut answer = request.limit(Duration::from_secs(seconds + 20)).send().await?;
    let events = answer.get_mut("events").and_then(Value::as_array_mut).map(std::mem::take).ok_or_else(|| Error::unexpected("events"))?;
    let last = events.iter().filter_map(|event| event.get("id").and_then(Value::as_u64)).max().unwrap_or(after).max(after);
    Ok(Page { events, last, status: text(&answer, "status").to_owned(), status_reason: text(&answer, "status_reason").to_owned() })
}

pub(crate) async fn run(context: &Context, arguments: &Arguments) -> Result<(), Error> {
    let mut now = page(context, &arguments.cluster, 0, false).await?;
    if !arguments.follow {
        return context.printer.list(COLUMNS, &now.events);
    }
    // The uuid, because the name may go to another cluster while this one is deleted.
    let uuid = text(&context.cluster(&arguments.cluster).await?, "uuid").to_owned();
    loop {
        for event in &now.events {
            let event = Event::read(event);
            context.printer.out(&format!("{}  {}\n", event.at, event.line()));
        }
        if !now.status.ends_with("_IN_PROGRESS") {
            let reason = if now.status_reason.is_empty() { String::new() } else { format!(": {}", now.status_reason) };
            context.printer.out(&format!("{}{}\n", now.status, crate::output::plain(&reason)));
            return Ok(());
        }
        now = match page(context, &uuid, now.last, true).await {
            Err(error) if error.is_not_found() && now.status.starts_with("DELETE") => return Ok(()),
            other => other?,
        };
    }
}
