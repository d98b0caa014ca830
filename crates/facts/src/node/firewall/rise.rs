// SPDX-License-Identifier: Apache-2.0
//! Which drop counters of a packet filter rose.

use super::model::{FirewallRule, Ruleset, Verdict};
use std::collections::BTreeMap;

/// A counter that rose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rise {
    pub table: String,
    pub chain: String,
    /// The rule as printed; empty for a policy.
    pub text: String,
    pub policy: bool,
    pub before: u64,
    pub rise: u64,
}

type Key = (String, String, String);

impl Ruleset {
    /// Every rule and policy that drops, and whose counter is higher in `after`; in the order of tables and chains.
    pub fn rises(&self, after: &Ruleset) -> Vec<Rise> {
        let (was, now) = (counters(self), counters(after));
        let rise = |((table, chain, text), count): (&Key, &u64)| {
            let old = was.get(&(table.clone(), chain.clone(), text.clone())).copied().unwrap_or(0);
            let rise = count.checked_sub(old).filter(|r| *r > 0)?;
            Some(Rise { table: table.clone(), chain: chain.clone(), text: text.clone(), policy: text.is_empty(), before: old, rise })
        };
        now.iter().filter_map(rise).collect()
    }
}

fn counters(rules: &Ruleset) -> BTreeMap<Key, u64> {
    let stops = |verdict: &Verdict| matches!(verdict, Verdict::Drop | Verdict::Reject);
    let mut all = BTreeMap::new();
    for table in &rules.tables {
        for chain in &table.chains {
            let key = |text: &str| (table.name.clone(), chain.name.clone(), text.to_owned());
            for rule in chain.rules.iter().filter(|r: &&FirewallRule| stops(&r.verdict)) {
                if let Some(packets) = rule.packets {
                    // The same text may stand twice; their sum rises all the same.
                    *all.entry(key(&rule.text)).or_default() += packets;
                }
            }
            if let (Some(policy), Some(packets)) = (&chain.policy, chain.policy_packets)
                && stops(policy)
            {
                all.insert(key(""), packets);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_counters_of_what_drops_count() {
        let text = |a: u64, b: u64, p: u64| {
            Ruleset::from_iptables_save(&format!(
                "*filter\n:FORWARD DROP [{p}:0]\n[{a}:0] -A FORWARD -s 10.1.0.0/16 -j DROP\n[{b}:0] -A FORWARD -p icmp -j ACCEPT\nCOMMIT\n"
            ))
        };
        let words = |list: Vec<Rise>| {
            list.iter().map(|r| format!("{}{} +{}", r.text, if r.policy { "policy" } else { "" }, r.rise)).collect::<Vec<_>>()
        };
        assert_eq!(words(text(5, 5, 5).rises(&text(105, 105, 5))), ["-A FORWARD -s 10.1.0.0/16 -j DROP +100"]);
        assert_eq!(words(text(5, 5, 5).rises(&text(5, 9, 25))), ["policy +20"]);
        assert!(text(5, 5, 5).rises(&text(0, 0, 0)).is_empty(), "a filter that was made anew");
    }
}
