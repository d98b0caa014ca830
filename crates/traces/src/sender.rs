// SPDX-License-Identifier: Apache-2.0
//! The task that carries spans from the queue to the collector: many at a time, again while the collector is away, and what is
//! left at the end.

use crate::collector::{Collector, Taken};
use crate::error::Error;
use crate::queue::{Counts, ROOM};
use crate::settings::Settings;
use bytes::Bytes;
use opentelemetry_sdk::trace::SpanData;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Spans that are sent at once.
const BATCH: usize = 512;
/// Between two words about lost spans.
const SELDOM: Duration = Duration::from_secs(60);

/// The way out of the process. Dropping it lets what is on it go.
pub struct Outlet {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    counts: Counts,
}

/// How fast things go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// How long is waited for more spans, after the first.
    pub gather: Duration,
    /// The wait after a first failure; it doubles.
    pub first: Duration,
    /// The longest wait.
    pub most: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { gather: Duration::from_secs(1), first: Duration::from_secs(1), most: Duration::from_secs(30) }
    }
}

pub(crate) struct Sender {
    collector: Collector,
    spans: mpsc::Receiver<SpanData>,
    counts: Counts,
    pace: Pace,
    stop: watch::Receiver<bool>,
    /// Whether the last attempt failed, which was told.
    is_troubled: bool,
    /// How many lost spans were spoken of, and when.
    told: (u64, Option<Instant>),
}

impl Outlet {
    /// Sends what is left, within this time; what is not sent by then is lost.
    pub async fn end(mut self, limit: Duration) {
        let before = self.counts.lost.get();
        let _ = self.stop.send(true);
        if tokio::time::timeout(limit, &mut self.task).await.is_err() {
            self.task.abort();
            tracing::warn!("the last spans could not be sent within {} s and are lost", limit.as_secs());
        } else if self.counts.lost.get() > before {
            tracing::warn!(lost = self.counts.lost.get() - before, "the last spans were not taken and are lost");
        }
    }
}

impl Sender {
    /// Starts the task on this runtime.
    pub fn start(settings: &Settings, spans: mpsc::Receiver<SpanData>, counts: Counts, pace: Pace) -> Result<Outlet, Error> {
        let collector = Collector::new(settings)?;
        let (end, stop) = watch::channel(false);
        let sender = Self { collector, spans, counts: counts.clone(), pace, stop, is_troubled: false, told: (0, None) };
        Ok(Outlet { stop: end, task: tokio::spawn(sender.run()), counts })
    }

    async fn run(mut self) {
        while let Some(batch) = self.gather().await {
            let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
            let body = self.collector.written(batch);
            self.deliver(body, count).await;
        }
    }

    /// Waits for spans, and then a moment for more. None when there will be none any more.
    async fn gather(&mut self) -> Option<Vec<SpanData>> {
        let mut batch = Vec::new();
        tokio::select! {
            received = self.spans.recv_many(&mut batch, BATCH) => if received == 0 { return None },
            () = told(&mut self.stop) => {}
        }
        let moment = sleep(self.pace.gather);
        tokio::pin!(moment);
        while batch.len() < BATCH {
            let room = BATCH - batch.len();
            tokio::select! {
                received = self.spans.recv_many(&mut batch, room) => if received == 0 { break },
                () = &mut moment => break,
                () = told(&mut self.stop) => break,
            }
        }
        while let Ok(span) = self.spans.try_recv() {
            batch.push(span);
            if batch.len() >= BATCH {
                break;
            }
        }
        Some(batch).filter(|batch| !batch.is_empty())
    }

    /// Sends spans until they are taken or it makes no sense any more; at the end once.
    async fn deliver(&mut self, body: Bytes, count: u64) {
        let mut wait = self.pace.first;
        loop {
            let is_last = *self.stop.borrow();
            let error = match self.collector.send(body.clone()).await {
                Ok(taken) => return self.taken(count, &taken),
                Err(error) => error,
            };
            let again = error.is_passing() && !is_last;
            if !self.is_troubled {
                self.is_troubled = true;
                let what = if again { "spans are not taken; they are kept until they are" } else { "spans are not taken and lost" };
                tracing::warn!(%error, kept = ROOM, "{what}");
            }
            if !again {
                self.counts.lost.inc_by(count);
                return;
            }
            tokio::select! {
                () = sleep(error.wait().unwrap_or(wait)) => {}
                () = told(&mut self.stop) => {}
            }
            wait = (wait * 2).min(self.pace.most);
        }
    }

    fn taken(&mut self, count: u64, taken: &Taken) {
        let rejected = taken.rejected.min(count);
        self.counts.sent.inc_by(count - rejected);
        self.counts.lost.inc_by(rejected);
        if self.is_troubled {
            self.is_troubled = false;
            tracing::info!("spans are taken again");
        }
        let (lost, at) = (self.counts.lost.get(), self.told.1);
        if lost > self.told.0 && at.is_none_or(|at| at.elapsed() >= SELDOM) {
            tracing::warn!(lost = lost - self.told.0, why = taken.why, "spans were lost");
            self.told = (lost, Some(Instant::now()));
        }
    }
}

/// Returns when it is time to end. A sender that is gone means the same.
async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

#[cfg(test)]
mod tests;
