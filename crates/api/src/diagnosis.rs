// SPDX-License-Identifier: Apache-2.0
//! A diagnosis as it is served, whether it runs or its report is kept: one form for both.

use crate::moment::milliseconds;
use magnum_store::{Diagnosis, Inquiry, Progress};
use serde_json::{Value, json};
use uuid::Uuid;

/// What is told of a diagnosis.
pub(crate) struct Seen<'a> {
    pub id: Uuid,
    pub state: &'static str,
    /// Milliseconds since 1970.
    pub made_at: i64,
    pub asked_by: &'a str,
    pub collectors: Value,
    /// `null` until there is one.
    pub report: &'a Value,
    pub error: Option<&'a str>,
}

impl<'a> Seen<'a> {
    /// One whose report is kept.
    pub fn kept(made: &'a Diagnosis) -> Self {
        let collectors = made.report["collectors"].clone();
        Self { id: made.id, state: "done", made_at: made.made_at, asked_by: &made.asked_by, collectors, report: &made.report, error: None }
    }

    /// One that was started and of which no report is kept, or not yet.
    pub fn started(inquiry: &'a Inquiry) -> Self {
        let (state, report, error) = match inquiry.progress() {
            Progress::Running => ("running", &Value::Null, None),
            Progress::Done(report) => ("done", report, None),
            Progress::Failed(error) => ("failed", &Value::Null, Some(error)),
        };
        let collectors = inquiry.collectors.clone().into();
        Self { id: inquiry.id, state, made_at: inquiry.began_at, asked_by: "user", collectors, report, error }
    }

    /// Its row in the list.
    pub fn row(&self) -> Value {
        let findings = self.report["findings"].as_array().into_iter().flatten();
        let ids: Vec<&Value> = findings.map(|finding| &finding["id"]).collect();
        json!({
            "id": self.id,
            "state": self.state,
            "made_at": milliseconds(self.made_at),
            "asked_by": self.asked_by,
            "verdict": self.report["verdict"],
            "findings": ids,
        })
    }

    /// All of it.
    pub fn document(&self) -> Value {
        json!({
            "id": self.id,
            "state": self.state,
            "made_at": milliseconds(self.made_at),
            "asked_by": self.asked_by,
            "collectors": self.collectors,
            "report": self.report,
            "error": self.error,
        })
    }
}
