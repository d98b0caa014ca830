// SPDX-License-Identifier: Apache-2.0
//! `--watch`: follows a cluster until what was asked for is done or has failed.
//!
//! Driven by the timeline's long poll, so that news is shown when it happens. A server that restarts meanwhile is
//! waited for. A server without a timeline (Magnum in Python) is asked for the cluster's status instead.

pub(crate) mod event;
pub(crate) mod progress;
mod view;

use crate::context::{Context, text};
use crate::error::Error;
use crate::timeline::{self, Page};
use event::Event;
use progress::Progress;
use serde_json::Value;
use std::time::{Duration, Instant};
use view::View;

/// How long a server may be away before the watch gives up.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long an accepted request may take to show in the status.
const GRACE: Duration = Duration::from_secs(5);
const RETRY: Duration = Duration::from_millis(250);
const POLL: Duration = Duration::from_secs(2);
/// How often the stage clock is read: on a terminal, where it is drawn, and elsewhere.
const CLOCK: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(2));

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    Create,
    Update,
    Delete,
}

/// How a cluster stood before the request.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    pub uuid: String,
    name: String,
    status: String,
    last: u64,
}

impl Mark {
    /// A cluster that was not there before.
    pub fn of_new(uuid: &str, name: &str) -> Self {
        Self { uuid: uuid.to_owned(), name: name.to_owned(), status: String::new(), last: 0 }
    }

    /// A cluster with something in progress, from now on.
    pub async fn of_present(context: &Context, cluster: &Value) -> Result<Self, Error> {
        let uuid = text(cluster, "uuid").to_owned();
        let last = last_event(context, &uuid).await?;
        Ok(Self { uuid, name: text(cluster, "name").to_owned(), status: String::new(), last })
    }
}

/// The number of the newest event; 0 where there is none, or no timeline.
async fn last_event(context: &Context, ident: &str) -> Result<u64, Error> {
    let mut last = 0;
    loop {
        match timeline::page(context, ident, last, false).await {
            Ok(page) if page.events.len() < timeline::PAGE => return Ok(page.last),
            Ok(page) => last = page.last,
            Err(error) if error.is_not_found() => return Ok(0),
            Err(error) => return Err(error),
        }
    }
}

/// Notes how the cluster stands, to be taken before the request that is then watched.
pub(crate) async fn mark(context: &Context, ident: &str) -> Result<Mark, Error> {
    let cluster = context.cluster(ident).await?;
    let field = |name: &str| text(&cluster, name).to_owned();
    let last = last_event(context, ident).await?;
    Ok(Mark { uuid: field("uuid"), name: field("name"), status: field("status"), last })
}

/// How the cluster's nodes get on; none when there is no such cluster, or the server has no stage clock.
pub(crate) async fn ask(context: &Context, cluster: &str) -> Result<Option<Progress>, Error> {
    match context.client()?.get(&["clusters", cluster, "progress"]).send().await {
        Ok(answer) => Ok(Progress::read(&answer)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

struct Watch<'a> {
    context: &'a Context,
    goal: Goal,
    before: Mark,
    started: Instant,
    view: View<'a>,
    after: u64,
    has_timeline: bool,
    has_clock: bool,
    away_since: Option<Instant>,
    begun: bool,
}

/// Follows the cluster to the end; a failure becomes the command's.
pub(crate) async fn run(context: &Context, goal: Goal, before: Mark) -> Result<(), Error> {
    let (after, started, view) = (before.last, Instant::now(), View::new(&context.printer, &before.name));
    let mut watch =
        Watch { context, goal, before, started, view, after, has_timeline: true, has_clock: true, away_since: None, begun: false };
    let ended = tokio::select! {
        ended = watch.follow() => ended,
        _ = tokio::signal::ctrl_c() => Err(Error::Interrupted),
    };
    watch.view.close();
    if matches!(ended, Err(Error::Interrupted)) {
        context.printer.note(&format!("the work itself goes on; follow it with: magnum timeline --follow {}", watch.before.name));
    }
    ended
}

impl Watch<'_> {
    async fn follow(&mut self) -> Result<(), Error> {
        self.clock().await?;
        loop {
            let page = match self.page().await {
                Ok(page) => page,
                Err(error) if error.is_not_found() && self.goal == Goal::Delete => return self.done("DELETE_COMPLETE"),
                Err(error @ Error::Unreachable { .. }) => {
                    self.away(error).await?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            if self.away_since.take().is_some() {
                self.view.note("the server answers again");
            }
            for event in page.events.iter().map(Event::read) {
                self.view.event(&event, self.started.elapsed());
            }
            self.after = page.last;
            self.clock().await?;
            if self.not_begun(&page) {
                tokio::time::sleep(RETRY).await;
                continue;
            }
            // From now on there is news to wait for.
            self.begun = true;
            if page.status.ends_with("_IN_PROGRESS") {
                continue;
            }
            return if page.status.ends_with("_FAILED") { Err(self.failure(&page)) } else { self.done(&page.status) };
        }
    }

    /// The next answer: the timeline's, or the cluster's own status where there is no timeline.
    async fn page(&mut self) -> Result<Page, Error> {
        if self.has_timeline {
            match self.news().await {
                Err(error) if error.is_not_found() => {
                    // Either the cluster is gone, which the next line says, or the server knows no timelines.
                    self.context.cluster(&self.before.uuid).await?;
                    self.has_timeline = false;
                }
                other => return other,
            }
        } else {
            tokio::time::sleep(POLL).await;
        }
        let cluster = self.context.cluster(&self.before.uuid).await?;
        self.view.status(text(&cluster, "status"), self.started.elapsed());
        let field = |name: &str| text(&cluster, name).to_owned();
        Ok(Page { events: Vec::new(), last: self.after, status: field("status"), status_reason: field("status_reason") })
    }

    /// Whether the status is still the one from before the request.
    fn not_begun(&self, page: &Page) -> bool {
        self.before.status == page.status && page.last == self.before.last && self.started.elapsed() < GRACE
    }

    /// The timeline's next answer; until it comes, the stage clock goes on.
    async fn news(&mut self) -> Result<Page, Error> {
        let (context, uuid, after, begun) = (self.context, self.before.uuid.clone(), self.after, self.begun);
        let mut answer = std::pin::pin!(timeline::page(context, &uuid, after, begun));
        let every = if context.printer.live() { CLOCK.0 } else { CLOCK.1 };
        loop {
            tokio::select! {
                answer = &mut answer => return answer,
                () = tokio::time::sleep(every) => self.clock().await?,
            }
        }
    }

    async fn clock(&mut self) -> Result<(), Error> {
        if !self.has_timeline || !self.has_clock || self.goal == Goal::Delete {
            return Ok(());
        }
        match ask(self.context, &self.before.uuid).await {
            Ok(Some(progress)) => self.view.progress(&progress, self.started.elapsed()),
            Ok(None) => self.has_clock = false,
            // The timeline says what it means that the server is gone.
            Err(Error::Unreachable { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn away(&mut self, error: Error) -> Result<(), Error> {
        let since = *self.away_since.get_or_insert_with(|| {
            self.view.note("the server does not answer; waiting for it");
            Instant::now()
        });
        if since.elapsed() > PATIENCE {
            return Err(error);
        }
        tokio::time::sleep(RETRY).await;
        Ok(())
    }

    fn done(&mut self, status: &str) -> Result<(), Error> {
        self.view.end(&self.before.name, status, self.started.elapsed());
        Ok(())
    }

    fn failure(&self, page: &Page) -> Error {
        let reason = if page.status_reason.is_empty() { "no reason was given" } else { &page.status_reason };
        let message = format!("{}: {} after {}: {reason}", self.before.name, page.status, event::seconds(self.started.elapsed()));
        let node = self.view.failed_node().map(|node| format!(" ; magnum node console {} {node}", self.before.name));
        let hint = format!("magnum doctor {0} ; magnum timeline {0}{1}", self.before.name, node.unwrap_or_default());
        Error::Failed { message, hint: Some(hint) }
    }
}
