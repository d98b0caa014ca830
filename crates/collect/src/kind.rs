// SPDX-License-Identifier: Apache-2.0
//! Kinds of Kubernetes objects, one file each under `kinds/`: where the list is, and which fact it becomes.

use magnum_facts::coe::KubernetesFacts;
use magnum_facts::{Source, Topic};
use serde_json::Value;

mod kinds {
    include!(concat!(env!("OUT_DIR"), "/kinds.rs"));
}

pub(crate) use kinds::ALL;

/// One kind of object.
pub(crate) struct Kind {
    pub(crate) topic: Topic,
    /// The plural that `kubectl get` knows, also in evidence ids.
    pub(crate) plural: &'static str,
    /// The objects' own `kind`.
    pub(crate) kind: &'static str,
    /// Its list in the API, over all namespaces.
    pub(crate) path: &'static str,
    /// Only names are fetched: the objects hold secrets or are large.
    pub(crate) names_only: bool,
    /// Puts the list into the facts.
    pub(crate) read: fn(&mut KubernetesFacts, &Value, Source),
}

/// What the lists of all kinds fill.
pub(crate) const TOPICS: &[Topic] = KubernetesFacts::TOPICS;
