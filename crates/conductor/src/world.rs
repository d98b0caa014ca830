// SPDX-License-Identifier: Apache-2.0
//! What a conductor works with.

use crate::Error;
use crate::admission::Admission;
use crate::inquire::{Examine, Inquiries};
use crate::keys::KeyPool;
use crate::relay::Announce;
use magnum_blueprint::Flavor;
use magnum_certificates::{Database, Manager};
use magnum_engine::{Boxed, Engine};
use magnum_stages::Usual;
use magnum_store::Store;
use magnum_traces::Tracer;
use magnum_types::{ClusterId, Coe, NodeName};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How long an engine's answer that all is made is believed while nodes report.
const TRUST: Duration = Duration::from_secs(2);

/// How long measurements of earlier nodes are believed.
const FRESH: Duration = Duration::from_secs(30);

/// Work may fail this often in a row before its action fails with the reason.
const PATIENCE: u32 = 5;

/// Looks up a flavor by name or id.
pub trait Flavors: Send + Sync {
    /// The flavor, or none when there is no such.
    fn flavor(&self, name: &str) -> Option<Flavor>;
    /// The flavor of nodes for which nobody named one.
    fn usual(&self) -> Flavor;
}

/// Opens and closes the place where a cluster's nodes are answered.
pub trait Gate: Send + Sync {
    /// Makes sure that nodes are answered, once the network is there. Repeated calls cost nothing.
    fn open<'a>(&'a self, cluster: ClusterId) -> Boxed<'a, ()>;
    /// Stops answering the nodes of a cluster that is being deleted.
    fn close(&self, cluster: ClusterId);
}

/// Everything an activation may touch.
pub struct World {
    pub store: Store,
    /// Where authorities and their keys are kept; the store itself unless another is given.
    pub certificates: Arc<dyn Manager>,
    pub engine: Arc<dyn Engine>,
    pub flavors: Arc<dyn Flavors>,
    pub gate: Arc<dyn Gate>,
    /// The lease holder's name, no other process's: the same after a restart, so that one's own leases are taken over at once.
    pub holder: String,
    pub(crate) keys: KeyPool,
    /// Who tells others what happens to clusters; nobody unless given.
    pub(crate) announcer: Option<Arc<dyn Announce>>,
    /// Who traces what becomes of operations; nobody unless given.
    pub(crate) traces: Option<Tracer>,
    /// Rung when there is something to tell them.
    pub(crate) told: Arc<Notify>,
    /// Who looks at a cluster whose action hangs; nobody unless given.
    pub(crate) doctor: Option<Arc<dyn Examine>>,
    pub(crate) inquiries: Arc<Inquiries>,
    usual: Mutex<HashMap<Coe, (Instant, Arc<Usual>)>>,
    /// External addresses are chosen one cluster at a time.
    pub(crate) addresses: tokio::sync::Mutex<()>,
    pub(crate) admission: Admission,
    notes: Mutex<HashMap<ClusterId, Note>>,
    turns: Mutex<HashMap<ClusterId, Turns>>,
}

/// What is remembered between activations; losing it costs one more look.
#[derive(Debug, Clone, Copy, Default)]
struct Note {
    settled_at: Option<Instant>,
    failures: u32,
    health_at: Option<Instant>,
    /// The lease's generation at the last activation, and when it was another's at the last look.
    generation: i64,
    seen: i64,
}

/// Which nodes a rollout has drained, and which it has let workloads back onto; forgotten, it is looked up again.
#[derive(Debug, Default)]
struct Turns {
    drained: BTreeSet<NodeName>,
    restored: Option<BTreeSet<NodeName>>,
}

impl World {
    /// A world around a store and an engine.
    pub fn new(store: Store, engine: Arc<dyn Engine>, flavors: Arc<dyn Flavors>, gate: Arc<dyn Gate>, holder: String) -> Self {
        Self {
            certificates: Arc::new(Database::new(store.clone())),
            store,
            engine,
            flavors,
            gate,
            holder,
            keys: KeyPool::default(),
            announcer: None,
            traces: None,
            told: Arc::default(),
            doctor: None,
            inquiries: Arc::default(),
            usual: Mutex::default(),
            addresses: Default::default(),
            admission: Admission::default(),
            notes: Mutex::default(),
            turns: Mutex::default(),
        }
    }

    /// The same world with a doctor, who is asked about actions that hang.
    pub fn with_doctor(mut self, doctor: Arc<dyn Examine>) -> Self {
        self.doctor = Some(doctor);
        self
    }

    /// The same world with certificates kept elsewhere.
    pub fn with_certificates(mut self, certificates: Arc<dyn Manager>) -> Self {
        self.certificates = certificates;
        self
    }

    /// The same world with somebody who tells others what happens to clusters.
    pub fn with_announcer(mut self, announcer: Option<Arc<dyn Announce>>) -> Self {
        self.announcer = announcer;
        self
    }

    /// The same world with somebody who traces what becomes of operations.
    pub fn with_traces(mut self, traces: Option<Tracer>) -> Self {
        self.traces = traces;
        self
    }

    /// How long the stages of a node usually take; what is built in when the measurements cannot be read.
    pub(crate) async fn usual(&self, coe: Coe) -> Arc<Usual> {
        let known = self.usual.lock().unwrap_or_else(PoisonError::into_inner).get(&coe).cloned();
        if let Some((_, usual)) = known.filter(|(at, _)| at.elapsed() < FRESH) {
            return usual;
        }
        let usual = Arc::new(self.store.get_usual(coe).await.unwrap_or_else(|_| Usual::built_in(coe)));
        self.usual.lock().unwrap_or_else(PoisonError::into_inner).insert(coe, (Instant::now(), Arc::clone(&usual)));
        usual
    }

    fn note<T>(&self, cluster: ClusterId, change: impl FnOnce(&mut Note) -> T) -> T {
        change(self.notes.lock().unwrap_or_else(PoisonError::into_inner).entry(cluster).or_default())
    }

    /// Whether another conductor, who had the lease last, is at work: it has taken it since this one looked before.
    pub(crate) fn is_others(&self, cluster: ClusterId, generation: i64) -> bool {
        self.note(cluster, |n| std::mem::replace(&mut n.seen, generation) != generation)
    }

    /// An activation begins. When another conductor had the cluster since the last one, what was remembered is old.
    pub(crate) fn note_turn(&self, cluster: ClusterId, generation: i64) {
        let is_next = self.note(cluster, |n| {
            let is_next = n.generation + 1 == generation;
            if !is_next {
                *n = Note { health_at: n.health_at, seen: n.seen, ..Note::default() };
            }
            n.generation = generation;
            is_next
        });
        if !is_next {
            self.forget_turns(cluster);
        }
    }

    /// Whether the engine said a moment ago that nothing is left to do.
    pub(crate) fn is_settled(&self, cluster: ClusterId) -> bool {
        self.note(cluster, |n| n.settled_at.is_some_and(|at| at.elapsed() < TRUST))
    }

    pub(crate) fn set_settled(&self, cluster: ClusterId, settled: bool) {
        self.note(cluster, |n| n.settled_at = settled.then(Instant::now));
    }

    /// Counts a failure in a row; answers whether the work is worth another try.
    pub(crate) fn may_try_again(&self, cluster: ClusterId, error: &Error) -> bool {
        error.is_transient()
            && self.note(cluster, |n| {
                n.failures += 1;
                n.failures < PATIENCE
            })
    }

    pub(crate) fn succeeded(&self, cluster: ClusterId) {
        self.note(cluster, |n| n.failures = 0);
    }

    /// Whether the health check is due; if so, it is counted as done.
    pub(crate) fn health_is_due(&self, cluster: ClusterId, every: Duration) -> bool {
        self.note(cluster, |n| {
            let due = n.health_at.is_none_or(|at| at.elapsed() >= every);
            if due {
                n.health_at = Some(Instant::now());
            }
            due
        })
    }

    fn turn<T>(&self, cluster: ClusterId, change: impl FnOnce(&mut Turns) -> T) -> T {
        change(self.turns.lock().unwrap_or_else(PoisonError::into_inner).entry(cluster).or_default())
    }

    /// Whether the node was drained in this rollout.
    pub(crate) fn is_drained(&self, cluster: ClusterId, node: &NodeName) -> bool {
        self.turn(cluster, |turns| turns.drained.contains(node))
    }

    pub(crate) fn note_drained(&self, cluster: ClusterId, node: &NodeName) {
        self.turn(cluster, |turns| turns.drained.insert(node.clone()));
    }

    /// Whether other nodes are done than workloads were last let back onto.
    pub(crate) fn is_news(&self, cluster: ClusterId, done: &[NodeName]) -> bool {
        self.turn(cluster, |turns| turns.restored.as_ref() != Some(&done.iter().cloned().collect()))
    }

    /// Workloads may come back to these; each may have another turn in a later phase.
    pub(crate) fn note_restored(&self, cluster: ClusterId, done: &[NodeName]) {
        self.turn(cluster, |turns| {
            turns.drained.retain(|name| !done.contains(name));
            turns.restored = Some(done.iter().cloned().collect());
        });
    }

    /// The rollout is over.
    pub(crate) fn forget_turns(&self, cluster: ClusterId) {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner).remove(&cluster);
    }

    pub(crate) fn forget(&self, cluster: ClusterId) {
        self.inquiries.forget(cluster);
        self.forget_turns(cluster);
        self.admission.leave(cluster);
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).remove(&cluster);
    }
}
