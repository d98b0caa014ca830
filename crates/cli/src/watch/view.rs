// SPDX-License-Identifier: Apache-2.0
//! What a watched cluster looks like on standard error: on a terminal a row per node that is redrawn, elsewhere a
//! line per event.

use super::event::{Event, seconds};
use crate::context::text;
use crate::output::{Printer, Tone, plain};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

const TICK: Duration = Duration::from_millis(100);
const WORKING: &str = "{spinner} {prefix} {elapsed:>4} {wide_msg}";
const RESTING: &str = "{prefix} {wide_msg}";

/// A node as the server describes it.
#[derive(Debug, Clone)]
pub(super) struct Node {
    name: String,
    status: String,
    now: String,
    elapsed: Duration,
}

impl Node {
    pub fn read(value: &Value) -> Self {
        let field = |name: &str| plain(text(value, name)).replace('\n', " ");
        let (step, state, detail) = (field("step"), field("step_state"), field("step_detail"));
        let now = match (step.as_str(), state.as_str()) {
            ("", _) => "waiting to boot".to_owned(),
            (_, "waiting") if !detail.is_empty() => format!("{step}: waiting for {}", detail.trim_start_matches("waiting for ")),
            (_, "failed") => format!("{step} failed: {detail}"),
            ("ready", "done") => "ready".to_owned(),
            (_, state) => format!("{step} {state}"),
        };
        let elapsed = value.get("seconds").and_then(Value::as_f64).and_then(|s| Duration::try_from_secs_f64(s).ok()).unwrap_or_default();
        Self { name: field("name"), status: field("status"), now, elapsed }
    }
}

/// Where progress is shown.
pub(super) struct View<'a> {
    printer: &'a Printer,
    live: Option<Live>,
    failed: Option<String>,
    status: String,
}

struct Live {
    all: MultiProgress,
    total: ProgressBar,
    rows: BTreeMap<String, ProgressBar>,
}

impl<'a> View<'a> {
    pub fn new(printer: &'a Printer) -> Self {
        let live = printer.live().then(|| {
            let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
            let total = all.add(ProgressBar::new_spinner().with_style(style("{spinner} {elapsed} {wide_msg}")));
            total.enable_steady_tick(TICK);
            Live { all, total, rows: BTreeMap::new() }
        });
        Self { printer, live, failed: None, status: String::new() }
    }

    /// Whether rows of nodes are drawn at all.
    pub fn wants_nodes(&self) -> bool {
        self.live.is_some()
    }

    /// The node whose step failed last.
    pub fn failed_node(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    pub fn event(&mut self, event: &Event, elapsed: Duration) {
        if event.state == "failed" && !event.node.is_empty() {
            self.failed = Some(event.node.clone());
        }
        match &mut self.live {
            Some(live) if event.node.is_empty() => live.total.set_message(event.happening()),
            Some(live) => live.row(&event.node).set_message(event.happening()),
            None => self.printer.note(&format!("{:>7}  {}", seconds(elapsed), event.line())),
        }
    }

    pub fn nodes(&mut self, nodes: &[Node]) {
        let Some(live) = &mut self.live else { return };
        for node in nodes {
            let row = live.row(&node.name);
            let (mark, tone) = match node.status.as_str() {
                "READY" => ("✓", Tone::Good),
                "FAILED" => ("✗", Tone::Bad),
                "STOPPED" | "UNKNOWN" => ("?", Tone::Odd),
                _ => ("", Tone::Faint),
            };
            if mark.is_empty() {
                row.set_style(style(WORKING));
                row.set_prefix(format!("{:10}", node.name));
                row.set_message(node.now.clone());
                row.enable_steady_tick(TICK);
            } else {
                row.disable_steady_tick();
                row.set_style(style(RESTING));
                row.set_prefix(format!("{} {:10}", self.printer.painted_err(mark, tone), node.name));
                row.set_message(format!("{} ({})", node.now, seconds(node.elapsed)));
            }
        }
        for (_, row) in live.rows.iter().filter(|(name, _)| nodes.iter().all(|node| node.name != **name)) {
            row.disable_steady_tick();
            row.set_style(style(RESTING));
            row.set_message("gone");
        }
    }

    /// The cluster's status where there are no events; said once each.
    pub fn status(&mut self, status: &str, elapsed: Duration) {
        if status == self.status {
            return;
        }
        status.clone_into(&mut self.status);
        match &self.live {
            Some(live) => live.total.set_message(plain(status)),
            None => self.printer.note(&format!("{:>7}  {}", seconds(elapsed), plain(status))),
        }
    }

    pub fn note(&self, text: &str) {
        match &self.live {
            Some(live) => {
                let _ = live.all.println(text);
            }
            None => self.printer.note(text),
        }
    }

    /// The last line of a success.
    pub fn end(&mut self, name: &str, status: &str, elapsed: Duration) {
        self.close();
        self.printer.note(&format!("{name}: {} in {}", self.printer.painted_err(&plain(status), Tone::Good), seconds(elapsed)));
    }

    /// Stops redrawing; the rows stay as they are.
    pub fn close(&mut self) {
        if let Some(live) = self.live.take() {
            for row in live.rows.values() {
                row.disable_steady_tick();
                row.abandon();
            }
            live.total.finish_and_clear();
        }
    }
}

impl Live {
    fn row(&mut self, name: &str) -> &ProgressBar {
        let (all, total) = (&self.all, &self.total);
        self.rows.entry(name.to_owned()).or_insert_with(|| {
            let row = all.insert_before(total, ProgressBar::new_spinner().with_style(style(WORKING)));
            row.set_prefix(format!("{name:10}"));
            row.enable_steady_tick(TICK);
            row
        })
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner()).tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ")
}
