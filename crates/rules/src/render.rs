// SPDX-License-Identifier: Apache-2.0
//! The report as text: verdict, chain of evidence, what to do. Words carry the meaning; the signs only help the eye.
//! Needs nothing but the report, so a client prints what a server judged.

mod jsonl;
mod junit;
mod markdown;

pub use jsonl::jsonl;
pub use junit::junit;
pub use markdown::markdown;

use crate::report::{Finding, NotSeen, Report, Word};
use std::fmt::Write as _;

/// How much is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Also every piece of evidence, every check, and how long each collector took.
    pub verbose: bool,
    /// No sign outside ASCII.
    pub ascii: bool,
}

/// The report as text, in its usual form.
pub fn text(report: &Report) -> String {
    text_with(report, Options::default())
}

/// The report as text.
pub fn text_with(report: &Report, options: Options) -> String {
    let mut out = String::new();
    write_all(&mut out, report, options);
    if options.ascii { ascii(&out) } else { out }
}

fn write_all(out: &mut String, report: &Report, options: Options) {
    let c = &report.cluster;
    line(out, format!("{}  {}  {} + {}  {}", c.name, c.coe, count(c.masters, "master"), count(c.nodes, "node"), c.status));
    if let Some(complaint) = &report.complaint {
        let guide = if complaint.guide.is_empty() { String::new() } else { format!(", guide {}", complaint.guide) };
        line(out, format!("asked about: {} ({}{guide})", complaint.title.trim_end_matches('.'), complaint.name));
    }
    for finding in &report.findings {
        out.push('\n');
        write_finding(out, finding, report);
    }
    write_aside(out, report);
    write_unexplained(out, report);
    write_not_seen(out, report);
    out.push('\n');
    summary(out, report);
    if options.verbose {
        write_details(out, report);
    }
}

fn line(out: &mut String, text: impl AsRef<str>) {
    // Journals are other people's text: no escape sequence of theirs reaches a terminal.
    out.extend(text.as_ref().trim_end().chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }));
    out.push('\n');
}

fn count(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

fn head(word: Word) -> &'static str {
    match word {
        Word::Cause => "✗ CAUSE",
        Word::Suspect => "~ SUSPECT",
        Word::Warning => "! WARNING",
        _ => "- NOTE",
    }
}

fn write_finding(out: &mut String, finding: &Finding, report: &Report) {
    line(out, format!("{}  {}   {}   confidence: {}", head(finding.status), finding.id, finding.subject, finding.confidence.as_str()));
    line(out, format!("  {}", finding.summary));
    line(out, "\n  why we say so");
    for (number, link) in finding.chain.iter().enumerate() {
        let marks = if link.evidence.is_empty() { String::new() } else { format!("   [{}]", link.evidence.join(" ")) };
        line(out, format!("  {} {}{marks}", number + 1, link.claim));
        for evidence in link.evidence.iter().filter_map(|key| report.evidence.get(key)) {
            let path = if evidence.path.is_empty() { String::new() } else { format!(" {}", evidence.path) };
            line(out, format!("      {}{path}: {}", evidence.what, one_line(&evidence.value)));
        }
    }
    if !finding.ruled_out.is_empty() {
        let all: Vec<_> = finding.ruled_out.iter().map(|r| format!("{} ({})", r.id, r.because)).collect();
        line(out, format!("  not the cause: {}", all.join(" · ")));
    }
    if !finding.consequences.is_empty() {
        let all: Vec<_> = finding.consequences.iter().map(|c| format!("{} on {}", c.id, c.subject)).collect();
        line(out, format!("  follows from it: {}", all.join(" · ")));
    }
    line(out, format!("\n  fix   {}", finding.remedy.text));
    for command in &finding.remedy.commands {
        line(out, format!("        {}", command.cmd));
    }
    line(out, format!("        then: {}", finding.remedy.verify));
}

fn write_aside(out: &mut String, report: &Report) {
    if !report.aside.is_empty() {
        line(out, format!("\n- found besides, not known to be behind it: magnum doctor {} tells more", report.cluster.name));
    }
    for other in &report.aside {
        line(out, format!("  {} on {}: {}", other.id, other.subject, other.summary));
    }
}

fn write_unexplained(out: &mut String, report: &Report) {
    if !report.unexplained.is_empty() {
        line(out, "\n? UNEXPLAINED");
    }
    for symptom in &report.unexplained {
        line(out, format!("  {}   [{}]", symptom.text, symptom.evidence.join(" ")));
    }
}

fn write_not_seen(out: &mut String, report: &Report) {
    let (doubtful, other): (Vec<_>, Vec<_>) = report.not_seen.iter().partition(|n| n.leaves_doubt);
    if !doubtful.is_empty() {
        line(out, "\n? NOT SEEN");
        doubtful.iter().for_each(|n| line(out, format!("  {}", not_seen_text(n))));
    }
    let hidden: Vec<_> = other.iter().filter(|n| n.explained_by.is_some()).collect();
    if !hidden.is_empty() {
        line(out, "\n- not seen, because of the finding above");
        hidden.iter().for_each(|n| line(out, format!("  {}", not_seen_text(n))));
    }
}

fn not_seen_text(n: &NotSeen) -> String {
    let faults = match n.faults.as_slice() {
        list if list.len() > 4 => format!("{} and {} more", list.get(..3).unwrap_or_default().join(" "), list.len() - 3),
        list => list.join(" "),
    };
    format!("{}: {} ({})   open: {faults}", n.subject, n.topics.join(" "), n.reason)
}

fn summary(out: &mut String, report: &Report) {
    let number = |word: Word| report.checks.iter().filter(|c| c.status == word).count();
    let (ok, unknown, skipped) = (number(Word::Ok), number(Word::Unknown), number(Word::Skipped));
    let seconds = report.duration_ms as f64 / 1000.0;
    if report.verdict == Word::Healthy {
        let hidden = if unknown == 0 { String::new() } else { format!(", {unknown} not observable here") };
        line(out, format!("No fault found. {} ok{hidden}, {skipped} not for this cluster ({seconds:.1} s).", count(ok, "check")));
        if !report.near.is_empty() {
            let all: Vec<_> = report.near.iter().map(|n| n.text.as_str()).collect();
            line(out, format!("Closest to trouble: {}.", all.join("; ")));
        }
        return;
    }
    if report.verdict == Word::Inconclusive {
        let why = match report.unexplained.is_empty() {
            true if !report.not_seen.iter().any(|n| n.leaves_doubt) => "No known cause of it was found, but something else is wrong.",
            true => "No cause found, but not everything could be seen: this is not a clean bill of health.",
            false => "Something is wrong, and no fault known here explains it.",
        };
        line(out, why);
    }
    let findings = |word: Word| report.findings.iter().filter(|f| f.status == word).count();
    let folded: usize = report.findings.iter().map(|f| f.consequences.len()).sum();
    let mut parts = vec![format!("{} ok", count(ok, "check"))];
    for (n, word) in [(findings(Word::Cause), "cause"), (findings(Word::Suspect), "suspect"), (findings(Word::Warning), "warning")] {
        if n > 0 {
            parts.push(count(n, word));
        }
    }
    parts.push(format!("{} folded", count(folded, "consequence")));
    parts.push(format!("{unknown} not seen"));
    line(out, format!("{} ({seconds:.1} s)      details: -v", parts.join(" · ")));
}

fn write_details(out: &mut String, report: &Report) {
    line(out, "\nevidence");
    let mut keys: Vec<_> = report.evidence.iter().collect();
    keys.sort_by_key(|(key, _)| key.trim_start_matches('E').parse::<u32>().unwrap_or(u32::MAX));
    for (key, e) in keys {
        line(out, format!("  {key:<4} {} {} ({}, {}): {}", e.what, e.path, e.vantage, e.at, one_line(&e.value)));
    }
    line(out, "\nchecks");
    for check in &report.checks {
        let status = format!("{:?}", check.status).to_lowercase();
        let guide = if check.guide.is_empty() { String::new() } else { format!("  guide {}", check.guide) };
        line(out, format!("  {status:<12} {}{guide}", check.name));
    }
    for probe in &report.probes {
        line(out, format!("  probe        {probe}"));
    }
    line(out, "\ncollectors");
    for run in &report.collectors {
        let node = run.node.as_deref().map(|n| format!("@{n}")).unwrap_or_default();
        let error = if run.error.is_empty() { String::new() } else { format!("  could not look: {}", run.error) };
        line(out, format!("  {:>5} ms  {}{node}{error}", run.ms, run.name));
    }
}

/// Evidence stays on one line of a readable length.
fn one_line(text: &str) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if flat.chars().count() <= 200 {
        return flat;
    }
    let mut short: String = flat.chars().take(199).collect();
    let _ = write!(short, "…");
    short
}

fn ascii(text: &str) -> String {
    text.replace('✗', "x").replace('·', "-").replace('…', "...")
}
