// SPDX-License-Identifier: Apache-2.0
//! Keeps spans instead of sending them, for tests.

use crate::queue::Sink;
use opentelemetry::trace::{SpanId, Status};
use opentelemetry_sdk::trace::SpanData;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// What was made so far. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Mutex<Vec<Made>>>);

/// One span, as texts.
#[derive(Debug, Clone)]
pub struct Made {
    pub name: String,
    /// `server`, `client` or `internal`.
    pub kind: String,
    pub trace: String,
    pub id: String,
    pub parent: Option<String>,
    pub attributes: BTreeMap<String, String>,
    /// Set when it failed.
    pub error: Option<String>,
    /// What happened meanwhile, by name.
    pub moments: Vec<String>,
    pub began: SystemTime,
    pub ended: SystemTime,
}

impl Memory {
    /// Takes out what was made since the last time, in the order in which it ended.
    pub fn take(&self) -> Vec<Made> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Sink for Memory {
    fn take(&self, span: SpanData) {
        let made = Made {
            name: span.name.into_owned(),
            kind: format!("{:?}", span.span_kind).to_lowercase(),
            trace: span.span_context.trace_id().to_string(),
            id: span.span_context.span_id().to_string(),
            parent: (span.parent_span_id != SpanId::INVALID).then(|| span.parent_span_id.to_string()),
            attributes: span.attributes.into_iter().map(|pair| (pair.key.to_string(), pair.value.to_string())).collect(),
            error: match span.status {
                Status::Error { description } => Some(description.into_owned()),
                Status::Unset | Status::Ok => None,
            },
            moments: span.events.iter().map(|event| event.name.to_string()).collect(),
            began: span.start_time,
            ended: span.end_time,
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(made);
    }
}
