// SPDX-License-Identifier: Apache-2.0
//! What a watched cluster looks like on standard error: on a terminal a row per node that is redrawn, elsewhere a
//! line per event.

use super::event::{Event, seconds};
use super::progress::{self, Progress};
use crate::output::{Printer, Tone, plain};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use magnum_stages::{Forecast, Pace};
use std::collections::BTreeMap;
use std::mem::Discriminant;
use std::time::Duration;

const TICK: Duration = Duration::from_millis(100);
const WORKING: &str = "{spinner} {prefix} {wide_msg}";
const RESTING: &str = "{prefix} {wide_msg}";

/// Where progress is shown.
pub(super) struct View<'a> {
    printer: &'a Printer,
    live: Option<Live>,
    /// The cluster's name, for commands.
    name: String,
    failed: Option<String>,
    status: String,
    /// The nodes that were told to hang, and in which stage.
    hung: BTreeMap<String, String>,
    forecast: Option<Discriminant<Forecast>>,
}

struct Live {
    all: MultiProgress,
    total: ProgressBar,
    rows: BTreeMap<String, ProgressBar>,
}

impl<'a> View<'a> {
    pub fn new(printer: &'a Printer, name: &str) -> Self {
        let live = printer.live().then(|| {
            let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
            let total = all.add(ProgressBar::new_spinner().with_style(style("{spinner} {elapsed} {wide_msg}")));
            total.enable_steady_tick(TICK);
            Live { all, total, rows: BTreeMap::new() }
        });
        Self { printer, live, name: plain(name), failed: None, status: String::new(), hung: BTreeMap::new(), forecast: None }
    }

    /// The node whose step failed last.
    pub fn failed_node(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    pub fn event(&mut self, event: &Event, elapsed: Duration) {
        if event.state == "failed" && !event.node.is_empty() {
            self.failed = Some(event.node.clone());
        }
        if event.is_cause() {
            self.line(elapsed, "magnum", &format!("{}   (magnum doctor {})", event.detail, self.name));
            return;
        }
        match &mut self.live {
            Some(live) if event.node.is_empty() => live.total.set_message(event.happening()),
            // With a stage clock the rows say more than the newest event.
            Some(_) if self.forecast.is_some() => {}
            Some(live) => live.row(&event.node).set_message(event.happening()),
            None => self.printer.note(&format!("{:>7}  {}", seconds(elapsed), event.line())),
        }
    }

    /// The stage clock: every row anew on a terminal, elsewhere a line for what has changed.
    pub fn progress(&mut self, progress: &Progress, elapsed: Duration) {
        for node in &progress.judgement.nodes {
            match progress::hung(node) {
                Some(line) if self.hung.get(&node.name) != Some(&node.stage) => {
                    self.line(elapsed, &node.name, &line);
                    self.hung.insert(node.name.clone(), node.stage.clone());
                }
                Some(_) => {}
                None => {
                    let hung = self.hung.remove(&node.name).is_some();
                    if hung && matches!(node.pace, Pace::Moving | Pace::Waits) {
                        self.line(elapsed, &node.name, "moves again");
                    }
                }
            }
        }
        let kind = std::mem::discriminant(&progress.judgement.forecast);
        let worth_telling = progress.in_progress && progress.judgement.forecast != Forecast::Done;
        if self.forecast.replace(kind) != Some(kind) && worth_telling && self.live.is_none() {
            self.line(elapsed, "magnum", &progress.outlook);
        }
        if let Some(live) = &mut self.live {
            live.draw(self.printer, progress);
        }
    }

    /// A line of its own, above the rows if there are any.
    fn line(&self, elapsed: Duration, who: &str, what: &str) {
        self.note(&format!("{:>7}  {who:10} {what}", seconds(elapsed)));
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
    fn draw(&mut self, printer: &Printer, progress: &Progress) {
        let nodes = &progress.judgement.nodes;
        for node in nodes {
            let row = self.row(&node.name);
            let (mark, tone) = match node.pace {
                Pace::Ready => ("✓", Tone::Good),
                Pace::Failed => ("✗", Tone::Bad),
                Pace::Hung => ("!", Tone::Odd),
                Pace::Moving | Pace::Waits => ("", Tone::Faint),
            };
            row.set_message(progress::row(node, progress.judgement.at));
            if mark.is_empty() {
                row.set_style(style(WORKING));
                row.set_prefix(format!("{:10}", node.name));
                row.enable_steady_tick(TICK);
            } else {
                row.disable_steady_tick();
                row.set_style(style(RESTING));
                row.set_prefix(format!("{} {:10}", printer.painted_err(mark, tone), node.name));
            }
        }
        for (_, row) in self.rows.iter().filter(|(name, _)| nodes.iter().all(|node| node.name != **name)) {
            row.disable_steady_tick();
            row.set_style(style(RESTING));
            row.set_message("gone");
        }
        if progress.in_progress {
            self.total.set_message(progress.outlook.clone());
        }
    }

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
