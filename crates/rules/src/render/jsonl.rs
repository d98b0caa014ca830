// SPDX-License-Identifier: Apache-2.0
//! The report as lines of JSON, each with a `type`: `report` first, then what was found and seen, `verdict` last.

use crate::report::Report;
use serde::Serialize;
use serde_json::{Value, json};

/// The report, one object a line.
pub fn jsonl(report: &Report) -> String {
    let mut lines = vec![json!({
        "type": "report", "schema": report.schema, "cluster": report.cluster, "complaint": report.complaint, "started": report.started,
        "mode": report.mode, "vantages": report.vantages,
    })];
    add(&mut lines, "finding", &report.findings);
    add(&mut lines, "aside", &report.aside);
    add(&mut lines, "unexplained", &report.unexplained);
    add(&mut lines, "not_seen", &report.not_seen);
    add(&mut lines, "near", &report.near);
    for (key, evidence) in &report.evidence {
        add(&mut lines, "evidence", std::slice::from_ref(evidence));
        if let Some(line) = lines.last_mut() {
            line["key"] = json!(key);
        }
    }
    add(&mut lines, "check", &report.checks);
    add(&mut lines, "collector", &report.collectors);
    lines.push(json!({"type": "verdict", "verdict": report.verdict, "exit": report.exit, "duration_ms": report.duration_ms}));
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn add(lines: &mut Vec<Value>, kind: &str, items: &[impl Serialize]) {
    for item in items {
        let mut line = json!({"type": kind});
        if let (Some(line), Ok(Value::Object(item))) = (line.as_object_mut(), serde_json::to_value(item)) {
            line.extend(item);
        }
        lines.push(line);
    }
}
