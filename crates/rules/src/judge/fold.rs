// SPDX-License-Identifier: Apache-2.0
//! Who is behind whom: look-alikes that win, and consequences folded under their cause.

use crate::report::{Consequence, Word};
use crate::rule::{Entry, Rule};
use crate::verdict::{Finding, Kind, Subject};

/// One finding of one rule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hit<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) finding: &'a Finding,
}

impl Hit<'_> {
    pub(crate) fn as_consequence(&self) -> Consequence {
        Consequence { id: self.entry.rule.id.to_owned(), subject: self.finding.subject.clone(), summary: self.finding.summary.clone() }
    }

    /// This fault can be behind that finding.
    fn explains(&self, other: &Hit<'_>) -> bool {
        let (id, under) = (self.entry.rule.id, other.entry.rule.id);
        let takes = |pattern: &&&str| Rule::names(pattern, under) && (**pattern == under || !other.entry.rule.set_so);
        let named = self.entry.rule.explains.iter().any(|p| takes(&p)) && !self.finding.follows.contains(&under);
        let named = named || other.finding.follows.contains(&id);
        let strong = self.finding.kind == Kind::Cause || other.finding.kind != Kind::Cause;
        named && strong && id != under && !other.finding.independent && self.finding.reaches(&other.finding.subject)
    }

    /// That finding is told instead of this one.
    fn yields_to(&self, other: &Hit<'_>) -> bool {
        let named = self.entry.rule.not_if.iter().any(|p| Rule::names(p, other.entry.rule.id));
        let strong = other.finding.kind == Kind::Cause || self.finding.kind != Kind::Cause;
        named && strong && self.entry.rule.id != other.entry.rule.id && other.finding.reaches(&self.finding.subject)
    }
}

/// A root finding with all that follows from it.
#[derive(Debug)]
pub(crate) struct Folded<'a> {
    pub(crate) hit: Hit<'a>,
    pub(crate) consequences: Vec<Hit<'a>>,
}

/// The folded findings.
#[derive(Debug)]
pub(crate) struct Outcome<'a> {
    pub(crate) roots: Vec<Folded<'a>>,
}

/// Folds. Of two findings that explain each other, the one in the lower layer stays on top.
pub(crate) fn fold(mut hits: Vec<Hit<'_>>) -> Outcome<'_> {
    hits.sort_by(|a, b| order(a).cmp(&order(b)));
    let told: Vec<Hit<'_>> = hits.iter().filter(|h| !hits.iter().any(|o| h.yields_to(o))).copied().collect();
    let parent = |child: usize| {
        let is_parent = |p: &usize| {
            *p != child
                && told.get(*p).zip(told.get(child)).is_some_and(|(p_hit, c)| p_hit.explains(c) && (!c.explains(p_hit) || *p < child))
        };
        (0..told.len()).find(is_parent)
    };
    let parents: Vec<Option<usize>> = (0..told.len()).map(parent).collect();
    let root_of = |mut i: usize| {
        // A cycle of declarations would go round for ever; no chain is longer than the list.
        for _ in 0..told.len() {
            match parents.get(i).copied().flatten() {
                Some(up) => i = up,
                None => break,
            }
        }
        i
    };
    let roots = told.iter().enumerate().filter(|(i, _)| parents.get(*i).copied().flatten().is_none());
    let roots = roots.map(|(i, hit)| Folded {
        hit: *hit,
        consequences: told.iter().enumerate().filter(|(j, _)| *j != i && root_of(*j) == i).map(|(_, h)| *h).collect(),
    });
    Outcome { roots: roots.collect() }
}

fn order<'a>(hit: &Hit<'a>) -> (Kind, crate::rule::Layer, &'static str, &'a Subject) {
    let rule = hit.entry.rule;
    (hit.finding.kind, rule.layer, rule.id, &hit.finding.subject)
}

impl<'a> Outcome<'a> {
    /// How a rule that fired stands after folding; None when a look-alike won everywhere.
    pub(crate) fn status_of(&self, id: &str) -> Option<Word> {
        let root = self.roots.iter().find(|r| r.hit.entry.rule.id == id).map(|r| match r.hit.finding.kind {
            Kind::Cause => Word::Cause,
            Kind::Suspect => Word::Suspect,
            Kind::Warning => Word::Warning,
        });
        let below = || self.roots.iter().any(|r| r.consequences.iter().any(|h| h.entry.rule.id == id)).then_some(Word::Consequence);
        root.or_else(below)
    }

    /// Every finding told, roots and consequences.
    pub(crate) fn reach(&self) -> Vec<&'a Finding> {
        self.roots.iter().flat_map(|r| std::iter::once(r.hit.finding).chain(r.consequences.iter().map(|h| h.finding))).collect()
    }
}
