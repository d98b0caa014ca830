// SPDX-License-Identifier: Apache-2.0
//! The node's own packet filter.

use crate::parse::text;
use crate::reading::{Answer, Reading};
use magnum_facts::node::{NodeFacts, Ruleset};

pub(crate) static READING: Reading = Reading { names: |_, _| &["iptables", "nft"], read };

fn read(facts: &mut NodeFacts, answer: &Answer<'_>) {
    let native = answer.value("nft").map(Ruleset::from_nft_json).unwrap_or_default();
    let merged = |save: &str| Ruleset::merged(Ruleset::from_iptables_save(save), native);
    facts.firewall = answer.fact("iptables", "iptables-save -c", |v| merged(text(v, "save")));
}
