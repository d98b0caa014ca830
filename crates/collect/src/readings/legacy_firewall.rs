// SPDX-License-Identifier: Apache-2.0
//! The kernel's older packet filter.

use crate::parse::text;
use crate::reading::{Answer, Reading};
use magnum_facts::node::{NodeFacts, Ruleset};

pub(crate) static READING: Reading = Reading { names: |_, _| &["iptables-legacy"], read };

fn read(facts: &mut NodeFacts, answer: &Answer<'_>) {
    let what = "iptables-legacy-save -c";
    facts.legacy_firewall = answer.fact("iptables-legacy", what, |v| Ruleset::from_iptables_save(text(v, "save")));
}
