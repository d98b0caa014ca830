// SPDX-License-Identifier: Apache-2.0
//! `POST /v1/nodes/self/report`: what the agent has done since it last said so.

use super::{BODY_MAX, Ward, answer, parse};
use crate::dispatch::read_body;
use crate::failure::Failure;
use crate::reply::Reply;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use magnum_types::NodeReport;

const EVENTS_MAX: usize = 500;

pub(super) async fn handle(State(ward): State<Ward>, headers: HeaderMap, body: Body) -> Response {
    answer(record(&ward, &headers, body).await)
}

async fn record(ward: &Ward, headers: &HeaderMap, body: Body) -> Result<Reply, Failure> {
    let member = ward.admit(headers).await?;
    let report = read(&read_body(headers, body, BODY_MAX).await?)?;
    ward.app.store.record_report(&member.node, &report).await?;
    Ok(Reply::ok(serde_json::json!({})))
}

/// A report as it is recorded.
pub(crate) fn read(body: &[u8]) -> Result<NodeReport, Failure> {
    let mut report = parse(body)?;
    check(&mut report)?;
    Ok(report)
}

/// Refuses what no agent sends; a detail keeps its lines and loses its other control characters.
fn check(report: &mut NodeReport) -> Result<(), Failure> {
    let word =
        |text: &str| (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if !word(&report.boot_id) {
        return Err(Failure::bad("boot_id should be 1 to 64 letters, digits and dashes."));
    }
    if report.events.len() > EVENTS_MAX {
        return Err(Failure::bad(format!("events should be at most {EVENTS_MAX} at once.")));
    }
    if report.versions.iter().flat_map(|(k, v)| [k, v]).any(|text| text.chars().any(char::is_control)) {
        return Err(Failure::bad("versions should not contain control characters."));
    }
    for event in &mut report.events {
        if event.seq == 0 || !word(&event.step) {
            return Err(Failure::bad("events should have a seq from 1 and a step of 1 to 64 letters, digits and dashes."));
        }
        event.detail = event.detail.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { ' ' } else { c }).collect();
    }
    Ok(())
}
