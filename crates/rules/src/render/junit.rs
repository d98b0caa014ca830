// SPDX-License-Identifier: Apache-2.0
//! The report as JUnit XML: a test for each check, so that a build shows faults where it shows failing tests. Causes and
//! suspects fail; what follows from them, and what could not be seen or does not apply, is skipped.

use super::text;
use crate::find;
use crate::report::{Check, Report, Word};
use std::fmt::Write as _;

/// The report as one test suite.
pub fn junit(report: &Report) -> String {
    let failing = |check: &&Check| matches!(check.status, Word::Cause | Word::Suspect);
    let skipped = |check: &&Check| matches!(check.status, Word::Consequence | Word::Unknown | Word::Skipped);
    let failures = report.checks.iter().filter(failing).count() + report.unexplained.len();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuite name={} tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"{}\" timestamp={} time=\"{:.3}\">",
        quoted(&format!("magnum doctor {}", report.cluster.name)),
        report.checks.len() + report.unexplained.len(),
        report.checks.iter().filter(skipped).count(),
        quoted(&report.started.to_string()),
        report.duration_ms as f64 / 1000.0,
    );
    for check in &report.checks {
        test(&mut out, check, report);
    }
    for symptom in &report.unexplained {
        let _ = writeln!(out, "  <testcase classname=\"unexplained\" name={}>", quoted(&symptom.subject.to_string()));
        let _ = writeln!(out, "    <failure type=\"unexplained\" message={}/>\n  </testcase>", quoted(&symptom.text));
    }
    let _ = writeln!(out, "  <system-out>{}</system-out>\n</testsuite>", escaped(&text(report)));
    out
}

fn test(out: &mut String, check: &Check, report: &Report) {
    let layer = find(&check.name).map_or("", |entry| entry.rule.layer.as_str());
    let _ = write!(out, "  <testcase classname={} name={}", quoted(layer), quoted(&check.name));
    let findings: Vec<_> = report.findings.iter().filter(|finding| finding.id == check.name).collect();
    let all: Vec<_> = findings.iter().map(|finding| format!("{}: {}", finding.subject, finding.summary)).collect();
    let fix = findings.first().map(|finding| finding.remedy.text.as_str()).unwrap_or_default();
    let inner = match check.status {
        Word::Cause => format!("<failure type=\"cause\" message={}>{}</failure>", quoted(&all.join("; ")), escaped(fix)),
        Word::Suspect => format!("<failure type=\"suspect\" message={}>{}</failure>", quoted(&all.join("; ")), escaped(fix)),
        Word::Warning => format!("<system-out>warning: {}</system-out>", escaped(&all.join("; "))),
        Word::Consequence => "<skipped message=\"follows from another fault\"/>".to_owned(),
        Word::Unknown => "<skipped message=\"could not be seen\"/>".to_owned(),
        Word::Skipped => "<skipped message=\"not for this cluster\"/>".to_owned(),
        Word::Ok | Word::Healthy | Word::Inconclusive => String::new(),
    };
    let _ = if inner.is_empty() { writeln!(out, "/>") } else { writeln!(out, ">\n    {inner}\n  </testcase>") };
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text).replace('"', "&quot;").replace('\n', " "))
}

/// XML has no place for control characters, not even escaped.
fn escaped(text: &str) -> String {
    let allowed = |c: char| c == '\n' || c == '\t' || !(c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'));
    let plain: String = text.chars().map(|c| if allowed(c) { c } else { '\u{fffd}' }).collect();
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
