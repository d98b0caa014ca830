// SPDX-License-Identifier: Apache-2.0
//! A path and a matrix as text.

use crate::cause::Found;
use crate::endpoint::Sort;
use crate::matrix::Matrix;
use crate::trace::{Outcome, Row, Shot, Trace, Way};
use std::fmt::Write as _;

/// The path as text: verdict, hops, evidence, what to do.
pub fn text(trace: &Trace) -> String {
    let mut out = String::new();
    let mark = match trace.outcome {
        Outcome::Works => "✓ WORKS",
        Outcome::Lost => "✗ LOST",
        Outcome::LargeLost => "✗ FULL PACKETS LOST",
        Outcome::Refused => "✗ REFUSED",
        Outcome::Unclear => "? UNCLEAR",
    };
    line(&mut out, &format!("{mark}  {}", trace.summary));
    line(&mut out, "");
    hops(&mut out, trace);
    line(&mut out, "");
    trace.probes.iter().for_each(|shot| line(&mut out, &format!("  {}", probe(shot))));
    trace.translations.iter().take(6).for_each(|text| line(&mut out, &format!("  {text}")));
    if let Some(found) = &trace.cause {
        cause(&mut out, found);
    }
    for other in &trace.also {
        line(&mut out, &format!("\nalso: {}", other.text));
        other.evidence.iter().for_each(|e| line(&mut out, &format!("    {}: {}", e.what, e.value)));
    }
    if !trace.ruled_out.is_empty() && trace.outcome != Outcome::Works {
        line(&mut out, &format!("\nnot the cause: {}", trace.ruled_out.join(" · ")));
    } else {
        trace.ruled_out.iter().for_each(|text| line(&mut out, &format!("  {text}")));
    }
    if !trace.not_seen.is_empty() {
        line(&mut out, "\n? NOT SEEN");
        trace.not_seen.iter().for_each(|text| line(&mut out, &format!("  {text}")));
    }
    line(&mut out, &format!("\n({:.1} s)", trace.duration_ms as f64 / 1000.0));
    out
}

fn cause(out: &mut String, found: &Found) {
    let known = found.fault.as_ref().map(|id| format!("   (magnum explain {id})")).unwrap_or_default();
    line(out, &format!("\nwhy   {}{known}", found.text));
    found.evidence.iter().for_each(|e| line(out, &format!("      {}: {}", e.what, e.value)));
    line(out, &format!("fix   {}", found.remedy));
    found.commands.iter().for_each(|command| line(out, &format!("      {command}")));
    line(out, "      then ask for the same path again");
}

fn hops(out: &mut String, trace: &Trace) {
    let cells = |row: &Row| {
        let device = row.container.as_ref().map_or_else(|| row.device.clone(), |address| format!("{} of {address}", row.device));
        let count = |n: Option<u16>| n.map_or("?".to_owned(), |n| n.to_string());
        [
            row.guide.map(|g| g.to_string()).unwrap_or_default(),
            row.node.clone(),
            device,
            row.mtu.map(|m| m.to_string()).unwrap_or_default(),
            count(row.there),
            count(row.back),
        ]
    };
    let head = ["hop", "node", "device", "mtu", "there", "back"].map(str::to_owned);
    let rows: Vec<[String; 6]> = std::iter::once(head).chain(trace.hops.iter().map(cells)).collect();
    let width = |column: usize| rows.iter().map(|r| r[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    for (index, row) in rows.iter().enumerate() {
        let mut text = String::from("  ");
        for (column, cell) in row.iter().enumerate() {
            let _ = write!(text, "{cell:<width$}  ", width = widths[column]);
        }
        let hop = index.checked_sub(1).and_then(|at| trace.hops.get(at));
        if let Some(note) = hop.and_then(note) {
            text.push_str(note);
        }
        line(out, &text);
    }
}

fn note(row: &Row) -> Option<&'static str> {
    match (row.lost_after, row.lost_before) {
        (_, Some(Way::There)) if row.lost_after.is_none() => Some("✗ does not come here"),
        (Some(Way::There), None) => Some("│ last seen here"),
        (_, Some(Way::Back)) if row.lost_after.is_none() => Some("✗ does not come here on the way back"),
        (Some(Way::Back), None) => Some("│ last seen here on the way back"),
        (Some(_), Some(_)) => Some("✗ arrives, and no answer leaves"),
        _ => None,
    }
}

fn probe(shot: &Shot) -> String {
    let time = shot.rtt_us.map(|us| format!(", {:.2} ms", f64::from(us) / 1000.0)).unwrap_or_default();
    let errors = if shot.errors.is_empty() || shot.answered >= shot.sent { String::new() } else { format!(": {}", shot.errors.join("; ")) };
    format!("{} ({} bytes): {} of {} answered{time}{errors}", shot.what, shot.bytes, shot.answered, shot.sent)
}

/// Who reaches whom, as a table for each sort of ends.
pub fn matrix(matrix: &Matrix) -> String {
    let mut out = String::new();
    for (sort, title) in [(Sort::Node, "nodes"), (Sort::Pod, "pods"), (Sort::Task, "tasks")] {
        let ends: Vec<_> = matrix.ends.iter().filter(|e| e.sort == sort).collect();
        if ends.len() < 2 {
            continue;
        }
        let width = ends.iter().map(|e| e.name.chars().count()).max().unwrap_or(0).max(4);
        let mut head = format!("{title:<width$}");
        ends.iter().enumerate().for_each(|(n, _)| {
            let _ = write!(head, "  {:>9}", format!("→ {}", n + 1));
        });
        line(&mut out, &head);
        for (n, from) in ends.iter().enumerate() {
            let mut row = format!("{:<width$}", from.name);
            for to in &ends {
                let cell = matrix.cells.iter().find(|c| c.from == from.name && c.to == to.name);
                let word = match cell {
                    None => "·".to_owned(),
                    Some(c) => match c.outcome {
                        Outcome::Works => c.rtt_us.map_or("ok".to_owned(), |us| format!("{:.2} ms", f64::from(us) / 1000.0)),
                        Outcome::Unclear => "?".to_owned(),
                        _ => "✗".to_owned(),
                    },
                };
                let _ = write!(row, "  {word:>9}");
            }
            line(&mut out, &format!("{row}  = {}", n + 1));
        }
        line(&mut out, "");
    }
    for cell in matrix.cells.iter().filter(|c| !c.summary.is_empty()) {
        line(&mut out, &format!("✗ {}", cell.summary));
        line(&mut out, &format!("    magnum doctor path --cluster {} {} {}", matrix.cluster, cell.from, cell.to));
    }
    matrix.left_out.iter().for_each(|text| line(&mut out, &format!("left out: {text}")));
    let works = matrix.cells.iter().filter(|c| c.outcome == Outcome::Works).count();
    line(&mut out, &format!("{works} of {} paths work ({:.1} s)", matrix.cells.len(), matrix.duration_ms as f64 / 1000.0));
    out
}

/// The same without signs outside ASCII.
pub fn ascii(text: &str) -> String {
    let sign = |c: char| match c {
        '✓' => '+',
        '✗' => 'x',
        '│' => '|',
        '→' => '>',
        '·' => '-',
        c if c.is_ascii() => c,
        _ => '?',
    };
    text.chars().map(sign).collect()
}

fn line(out: &mut String, text: &str) {
    // Rules' comments and names are other people's text: no escape sequence of theirs reaches a terminal.
    out.extend(text.trim_end().chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }));
    out.push('\n');
}
