// SPDX-License-Identifier: Apache-2.0
//! Making a bundle, and judging one again.

use crate::error::Error;
use crate::names::Names;
use crate::secret::Secrets;
use crate::walk::{Remember, walk};
use jiff::Timestamp;
use magnum_facts::Facts;
use magnum_rules::report::{Mode, Report};
use magnum_rules::{Selection, judge};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a bundle is made from, as the server answered it.
#[derive(Debug, Clone, PartialEq)]
pub struct Inputs {
    pub facts: Facts,
    pub report: Report,
    /// The events of the timeline, oldest first.
    pub timeline: Vec<Value>,
    /// By node: the end of its console.
    pub consoles: BTreeMap<String, String>,
    /// What was asked.
    pub selection: Selection,
    pub pseudonyms: bool,
}

/// What a bundle says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`Manifest::SCHEMA`].
    pub schema: String,
    /// When the facts were taken.
    pub taken_at: Timestamp,
    /// The version of the program that wrote it.
    pub program: String,
    /// Names and addresses are not the real ones.
    pub pseudonyms: bool,
    /// How many different secrets of each kind were removed.
    #[serde(default)]
    pub removed: BTreeMap<String, usize>,
    /// `--verify`: only these faults were asked about.
    #[serde(default)]
    pub only: Vec<String>,
    /// `--symptom`, as an id.
    #[serde(default)]
    pub symptom: Option<String>,
}

impl Manifest {
    /// The only form there is so far.
    pub const SCHEMA: &'static str = "magnum.bundle/v1";

    /// What was asked when it was made.
    pub fn selection(&self) -> Selection {
        Selection { only: self.only.clone(), symptom: self.symptom.clone() }
    }
}

/// A diagnosis that needs no cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    pub manifest: Manifest,
    pub facts: Facts,
    /// The judgement of `facts`.
    pub report: Report,
    pub timeline: Vec<Value>,
    pub consoles: BTreeMap<String, String>,
}

impl Bundle {
    /// Removes what is secret and judges what is left.
    pub fn new(inputs: Inputs) -> Result<Self, Error> {
        let mut secrets = Remember::new(Secrets::default());
        let mut names = inputs.pseudonyms.then(|| Remember::new(Names::of(&inputs.facts.cluster)));
        let mut clean = |value: Value| {
            let value = walk(value, &mut secrets);
            match &mut names {
                Some(names) => walk(value, names),
                None => value,
            }
        };
        let facts: Facts = read("the facts", clean(written("the facts", &inputs.facts)?))?;
        let told: Report = read("the report", clean(written("the report", &inputs.report)?))?;
        let timeline = inputs.timeline.into_iter().map(&mut clean).collect();
        let consoles = read("the consoles", clean(written("the consoles", &inputs.consoles)?))?;
        let report = judged(&facts, &inputs.selection, &told, told.mode);
        let manifest = Manifest {
            schema: Manifest::SCHEMA.to_owned(),
            taken_at: facts.taken_at,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            pseudonyms: inputs.pseudonyms,
            removed: secrets.clean.counts(),
            only: inputs.selection.only,
            symptom: inputs.selection.symptom,
        };
        Ok(Self { manifest, facts, report, timeline, consoles })
    }

    /// Judges the facts, with this program's rules.
    pub fn replay(&self, selection: &Selection) -> Report {
        judged(&self.facts, selection, &self.report, Mode::Bundle)
    }

    /// Whether this program judges the facts as the one that wrote the bundle did.
    pub fn agrees(&self) -> bool {
        judged(&self.facts, &self.manifest.selection(), &self.report, self.report.mode) == self.report
    }
}

/// The judgement, with what only the one who looked knows.
fn judged(facts: &Facts, selection: &Selection, looked: &Report, mode: Mode) -> Report {
    Report {
        started: looked.started,
        duration_ms: looked.duration_ms,
        mode,
        vantages: looked.vantages.clone(),
        probes: looked.probes.clone(),
        collectors: looked.collectors.clone(),
        ..judge(facts, selection)
    }
}

fn written(what: &'static str, value: &impl Serialize) -> Result<Value, Error> {
    serde_json::to_value(value).map_err(|source| Error::Content { what, source })
}

pub(crate) fn read<T: DeserializeOwned>(what: &'static str, value: Value) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|source| Error::Content { what, source })
}
