// SPDX-License-Identifier: Apache-2.0
//! What could not be looked at, told once for each reason, with the faults that stay open because of it.

use super::fold::Outcome;
use crate::report::NotSeen;
use crate::rule::Rule;
use crate::verdict::{Blind, Finding, Subject};
use magnum_facts::WhyKind;

/// Groups by subject and reason, in the order of the subjects. Of nodes that are `being_made`, nothing needs to be seen.
pub(crate) fn not_seen(blind: &[(&'static Rule, &Blind)], folded: &Outcome<'_>, being_made: &[Subject]) -> Vec<NotSeen> {
    let mut all: Vec<NotSeen> = Vec::new();
    for (rule, b) in blind.iter().filter(|(_, b)| b.why.kind != WhyKind::NotNeeded) {
        let explained_by = folded.roots.iter().find(|r| hides(r.hit.finding, b)).map(|r| r.hit.entry.rule.id.to_owned());
        let same = |n: &&mut NotSeen| n.subject == b.subject && n.reason == b.why.reason && n.explained_by == explained_by;
        match all.iter_mut().find(same) {
            Some(known) => {
                push_new(&mut known.topics, b.topic.0);
                push_new(&mut known.faults, rule.id);
            }
            None => all.push(NotSeen {
                subject: b.subject.clone(),
                topics: vec![b.topic.0.to_owned()],
                reason: b.why.reason.clone(),
                kind: word(b.why.kind).to_owned(),
                faults: vec![rule.id.to_owned()],
                leaves_doubt: b.why.kind.leaves_doubt() && explained_by.is_none() && !being_made.contains(&b.subject),
                explained_by,
            }),
        }
    }
    all.sort_by(|a, b| (&a.subject, &a.reason).cmp(&(&b.subject, &b.reason)));
    all
}

fn push_new(list: &mut Vec<String>, item: &str) {
    if !list.iter().any(|known| known == item) {
        list.push(item.to_owned());
    }
}

fn hides(finding: &Finding, blind: &Blind) -> bool {
    finding.hides.iter().any(|h| {
        blind.topic.0.starts_with(h.topics)
            && match (&h.node, &blind.subject) {
                (None, _) => true,
                (Some(node), Subject::Node { name }) => node == name,
                (Some(_), _) => false,
            }
    })
}

fn word(kind: WhyKind) -> &'static str {
    match kind {
        WhyKind::TimedOut => "timed-out",
        WhyKind::Unreachable => "unreachable",
        WhyKind::Denied => "denied",
        WhyKind::Garbled => "garbled",
        WhyKind::NotHere => "not-here",
        WhyKind::NotNeeded => "not-needed",
    }
}
