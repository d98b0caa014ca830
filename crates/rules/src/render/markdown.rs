// SPDX-License-Identifier: Apache-2.0
//! The report as Markdown, to be pasted into an issue: what was found, why, and what to do.

use super::{head, not_seen_text, summary};
use crate::report::{Finding, Report};
use std::fmt::Write as _;

/// The report as Markdown.
pub fn markdown(report: &Report) -> String {
    let c = &report.cluster;
    let mut out = format!("## {}: {}\n\n", plain(&c.name), format!("{:?}", report.verdict).to_lowercase());
    let _ = writeln!(
        out,
        "{}, {} + {}, {}, {}",
        c.coe,
        super::count(c.masters, "master"),
        super::count(c.nodes, "node"),
        c.status,
        report.started
    );
    if let Some(complaint) = &report.complaint {
        let _ = writeln!(out, "\nAsked about: {} ({})", complaint.title.trim_end_matches('.'), complaint.name);
    }
    for finding in &report.findings {
        add_finding(&mut out, finding, report);
    }
    let list = |title: &str, items: Vec<String>| match items.is_empty() {
        true => String::new(),
        false => format!("\n### {title}\n\n{}", items.iter().map(|item| format!("- {item}\n")).collect::<String>()),
    };
    out += &list("Found besides", report.aside.iter().map(|a| format!("`{}` on {}: {}", a.id, a.subject, plain(&a.summary))).collect());
    out += &list("Unexplained", report.unexplained.iter().map(|s| plain(&s.text)).collect());
    out += &list("Not seen", report.not_seen.iter().filter(|n| n.leaves_doubt).map(|n| plain(&not_seen_text(n))).collect());
    let mut last = String::new();
    summary(&mut last, report);
    out + "\n" + &plain(last.trim().trim_end_matches("details: -v").trim_end()) + "\n"
}

fn add_finding(out: &mut String, finding: &Finding, report: &Report) {
    let word = head(finding.status).split(' ').nth(1).unwrap_or_default();
    let _ = writeln!(
        out,
        "\n### {word} `{}` on {}\n\n{} *{}*\n",
        finding.id,
        finding.subject,
        plain(&finding.summary),
        finding.confidence.as_str()
    );
    for (number, link) in finding.chain.iter().enumerate() {
        let _ = writeln!(out, "{}. {}", number + 1, plain(&link.claim));
        for evidence in link.evidence.iter().filter_map(|key| report.evidence.get(key)) {
            let path = if evidence.path.is_empty() { String::new() } else { format!(" {}", evidence.path) };
            let _ = writeln!(out, "   - {}: {}", plain(&format!("{}{path}", evidence.what)), code(&super::one_line(&evidence.value)));
        }
    }
    if !finding.ruled_out.is_empty() {
        let all: Vec<_> = finding.ruled_out.iter().map(|r| format!("`{}` ({})", r.id, plain(&r.because))).collect();
        let _ = writeln!(out, "\nNot the cause: {}", all.join(", "));
    }
    if !finding.consequences.is_empty() {
        let all: Vec<_> = finding.consequences.iter().map(|c| format!("`{}` on {}", c.id, c.subject)).collect();
        let _ = writeln!(out, "\nFollows from it: {}", all.join(", "));
    }
    let commands = finding.remedy.commands.iter().map(|c| &c.cmd).chain([&finding.remedy.verify]);
    let commands: String = commands.map(|cmd| format!("{}\n", controls(cmd).replace("```", "'''"))).collect();
    let _ = writeln!(out, "\n**Fix:** {}\n\n```sh\n{commands}```", plain(&finding.remedy.text));
}

fn controls(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// Text of others that Markdown does not act on.
fn plain(text: &str) -> String {
    let flat = controls(text).replace('\n', " ");
    flat.chars().fold(String::new(), |mut out, c| {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~') {
            out.push('\\');
        }
        out.push(c);
        out
    })
}

fn code(text: &str) -> String {
    format!("`{}`", controls(text).replace('`', "'"))
}
