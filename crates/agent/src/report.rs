// SPDX-License-Identifier: Apache-2.0
//! Tells how it goes: to Magnum, on the serial console, and in a file on the node.
//!
//! A step never waits for this. Events reach Magnum in their order; what cannot be sent is kept and tried again, the
//! oldest `waiting` events going first when too many pile up. Numbers are reserved in blocks before they are used, so
//! a number is never given twice, whenever the power goes.

use crate::{Error, file, http};
use magnum_blueprint::NodeSpec;
use magnum_types::{NodeEvent, NodeReport, StepState};
use secrecy::ExposeSecret;
use std::collections::{BTreeMap, VecDeque};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

const SEQUENCE: &str = "/var/lib/magnum/agent/seq";
/// The newest event of each step, for `magnum-agent collect agent`.
pub const STEPS: &str = "/run/magnum/agent/steps.json";
const BLOCK: u64 = 100;
const MOST_KEPT: usize = 500;
const MOST_DETAIL: usize = 2000;
const RETRY: Duration = Duration::from_millis(500);

/// The handle every step reports through.
pub struct Reporter {
    sender: Sender<Message>,
    /// Latest detail of a waiting step, so that the same is not told twice.
    waiting: Mutex<BTreeMap<String, String>>,
    flushed: std::sync::Arc<(Mutex<u64>, Condvar)>,
    sent: Mutex<u64>,
}

struct Message {
    event: NodeEvent,
    versions: BTreeMap<String, String>,
}

/// The kernel's boot id.
pub fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// Now, as it is written in events.
pub fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

/// Prints a line to standard output, which is the journal for a unit.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Prints a line to standard error.
pub fn complain(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

impl Reporter {
    /// Starts the sending thread.
    pub fn start(spec: &NodeSpec) -> Self {
        let (sender, receiver) = channel();
        let client = http::Client::plain(&spec.magnum.url, "Magnum", Duration::from_secs(10))
            .with_header("x-magnum-node-token", spec.magnum.token.expose_secret().to_owned());
        let flushed = std::sync::Arc::new((Mutex::new(0), Condvar::new()));
        let mut outbox = Outbox {
            client,
            boot_id: boot_id(),
            kept: VecDeque::new(),
            next: 0,
            reserved: 0,
            steps: BTreeMap::new(),
            gone: false,
            taken: 0,
        };
        let signal = std::sync::Arc::clone(&flushed);
        thread::spawn(move || outbox.run(&receiver, &signal));
        Self { sender, waiting: Mutex::default(), flushed, sent: Mutex::new(0) }
    }

    /// A step has begun.
    pub fn started(&self, step: &str) {
        self.event(step, StepState::Started, "", None, BTreeMap::new());
    }

    /// A step waits for `what`; said once per change.
    pub fn waiting(&self, step: &str, what: &str) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.get(step).is_some_and(|old| old == what) {
            return;
        }
        waiting.insert(step.to_owned(), what.to_owned());
        drop(waiting);
        self.event(step, StepState::Waiting, what, None, BTreeMap::new());
    }

    /// A step is finished. `versions` go along with the step `ready`.
    pub fn done(&self, step: &str, took: Duration, versions: BTreeMap<String, String>) {
        self.event(step, StepState::Done, "", Some(took), versions);
    }

    /// A step cannot succeed.
    pub fn failed(&self, step: &str, reason: &str, took: Duration) {
        self.event(step, StepState::Failed, reason, Some(took), BTreeMap::new());
    }

    /// Waits until everything said so far was delivered, at most `limit`.
    pub fn flush(&self, limit: Duration) {
        let wanted = *self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, signal) = &*self.flushed;
        let guard = count.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = signal.wait_timeout_while(guard, limit, |done| *done < wanted);
    }

    fn event(&self, step: &str, state: StepState, detail: &str, took: Option<Duration>, versions: BTreeMap<String, String>) {
        if state != StepState::Waiting {
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(step);
        }
        let detail: String = detail.chars().take(MOST_DETAIL).collect();
        let duration_ms = took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        let event = NodeEvent { seq: 0, at: now(), step: step.to_owned(), state, detail, duration_ms };
        console(&event.to_string());
        *self.sent.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        let _ = self.sender.send(Message { event, versions });
    }
}

/// One line on the serial console and in the journal.
pub fn console(line: &str) {
    say(line);
    if let Ok(mut console) = OpenOptions::new().write(true).open("/dev/console") {
        let _ = console.write_all(format!("{line}\r\n").as_bytes());
    }
}

/// What has still to be sent.
struct Outbox {
    client: http::Client,
    boot_id: String,
    kept: VecDeque<Message>,
    next: u64,
    reserved: u64,
    steps: BTreeMap<String, NodeEvent>,
    /// Magnum said that the cluster is going away.
    gone: bool,
    taken: u64,
}

impl Outbox {
    fn run(&mut self, receiver: &Receiver<Message>, flushed: &(Mutex<u64>, Condvar)) {
        let mut retry_at = Instant::now();
        loop {
            let patience =
                if self.kept.is_empty() { Duration::from_secs(3600) } else { retry_at.saturating_duration_since(Instant::now()) };
            match receiver.recv_timeout(patience) {
                Ok(message) => self.keep(message),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            while let Ok(message) = receiver.try_recv() {
                self.keep(message);
            }
            if Instant::now() < retry_at {
                continue;
            }
            if let Err(error) = self.post() {
                if retry_at.elapsed() > RETRY * 4 {
                    complain(&format!("magnum-agent: report not delivered yet: {}", error.chain()));
                }
                retry_at = Instant::now() + RETRY;
            }
            if self.kept.is_empty() {
                *flushed.0.lock().unwrap_or_else(PoisonError::into_inner) = self.taken;
                flushed.1.notify_all();
            }
        }
    }

    fn keep(&mut self, mut message: Message) {
        self.taken += 1;
        message.event.seq = self.number();
        self.steps.insert(message.event.step.clone(), message.event.clone());
        let newest: Vec<&NodeEvent> = self.steps.values().collect();
        let _ = file::write(Path::new(STEPS), &serde_json::json!(newest).to_string(), file::PUBLIC);
        if self.gone {
            return;
        }
        if self.kept.len() >= MOST_KEPT {
            let victim = self.kept.iter().position(|kept| kept.event.state == StepState::Waiting).unwrap_or(0);
            self.kept.remove(victim);
        }
        self.kept.push_back(message);
    }

    /// The next number. A node that cannot keep its counter goes on from the clock: still upwards.
    fn number(&mut self) -> u64 {
        if self.next >= self.reserved {
            let path = Path::new(SEQUENCE);
            let stored: Option<u64> = std::fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok());
            self.next = self.next.max(stored.unwrap_or(0));
            self.reserved = self.next + BLOCK;
            if let Err(error) = file::write_durably(path, &self.reserved.to_string(), file::PUBLIC) {
                complain(&format!("magnum-agent: {}", error.chain()));
                self.next = self.next.max(u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0));
                self.reserved = self.next + BLOCK;
            }
        }
        self.next += 1;
        self.next
    }

    fn post(&mut self) -> Result<(), Error> {
        if self.kept.is_empty() {
            return Ok(());
        }
        let count = self.kept.len();
        let versions = self.kept.iter().rev().map(|kept| &kept.versions).find(|versions| !versions.is_empty()).cloned().unwrap_or_default();
        let events = self.kept.iter().map(|kept| kept.event.clone()).collect();
        let report = NodeReport { boot_id: self.boot_id.clone(), events, versions };
        match self.client.post("/v1/nodes/self/report", &serde_json::json!(report)) {
            Ok(_) => {}
            Err(Error::Refused { status: 410, .. }) => self.gone = true,
            // A report that is refused for good must not hold up those after it.
            Err(error @ Error::Refused { status: 400 | 413 | 422, .. }) => complain(&format!("magnum-agent: {}", error.chain())),
            Err(error) => return Err(error),
        }
        self.kept.drain(..count);
        Ok(())
    }
}
