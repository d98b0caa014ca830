// SPDX-License-Identifier: Apache-2.0
//! Where spans go that are over: a bounded queue, in which nobody waits for room.

use opentelemetry_sdk::trace::SpanData;
use prometheus_client::metrics::counter::Counter;
use tokio::sync::mpsc;

/// Spans that wait for the collector; one has about 1 KiB.
pub(crate) const ROOM: usize = 4096;

/// Takes spans that are over.
pub(crate) trait Sink: Send + Sync {
    fn take(&self, span: SpanData);
}

/// What became of the spans. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Spans that the collector has.
    pub sent: Counter,
    /// Spans that nobody will ever have.
    pub lost: Counter,
}

/// The queue's beginning.
pub(crate) struct Queue {
    sender: mpsc::Sender<SpanData>,
    counts: Counts,
}

impl Queue {
    /// A queue for so many, and its end.
    pub fn new(room: usize, counts: Counts) -> (Self, mpsc::Receiver<SpanData>) {
        let (sender, receiver) = mpsc::channel(room);
        (Self { sender, counts }, receiver)
    }
}

impl Sink for Queue {
    fn take(&self, span: SpanData) {
        if self.sender.try_send(span).is_err() {
            self.counts.lost.inc();
        }
    }
}
