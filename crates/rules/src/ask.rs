// SPDX-License-Identifier: Apache-2.0
//! How a rule asks for facts, so that `?` does the right thing: not looked at = unknown, not there = quiet.

use crate::verdict::{Answer, Stop, Subject, Verdict};
use magnum_facts::node::{Activity, NodeFacts, Unit};
use magnum_facts::{Citation, Fact, Facts, HostFacts, Look, MemberView, Topic};
use magnum_types::Role;

/// The value of a fact. Not looked at: unknown. Certainly not there: quiet.
pub fn need<T>(fact: &Fact<T>, topic: Topic) -> Result<Look<'_, T>, Stop> {
    match fact.look() {
        Ok(Some(look)) => Ok(look),
        Ok(None) => Err(Stop::Quiet),
        Err(why) => Err(Stop::Blind { topic, why: why.clone() }),
    }
}

/// One node, ready to be asked.
#[derive(Debug, Clone, Copy)]
pub struct NodeAsk<'a> {
    pub name: &'a str,
    pub member: &'a MemberView,
    pub node: &'a NodeFacts,
    pub host: &'a HostFacts,
    pub all: &'a Facts,
}

impl<'a> NodeAsk<'a> {
    /// The node of this name.
    pub fn of(facts: &'a Facts, member: &'a MemberView) -> Option<Self> {
        Some(Self { name: &member.name, member, node: facts.nodes.get(&member.name)?, host: facts.hosts.get(&member.name)?, all: facts })
    }

    /// A unit of this node; quiet when the node has no such unit.
    pub fn unit(&self, name: &str) -> Result<Look<'a, Unit>, Stop> {
        let units = need(&self.node.units, NodeFacts::UNITS)?;
        units.part(|u| u.get(name)).filter(|u| u.exists()).ok_or(Stop::Quiet)
    }

    /// A unit of this node that should run and does not. While a node is still coming up its units are not expected to
    /// run yet; then only one that crashed again and again counts, or, once a step was given up, one that crashed at all.
    pub fn down(&self, name: &str) -> Result<Look<'a, Unit>, Stop> {
        let unit = self.unit(name)?;
        let for_good = unit.active == Activity::Failed || unit.restarts > 1 || self.member.failed_step().is_some();
        let expected = self.member.came_up() || (unit.has_crashed() && for_good);
        when(unit.is_down() && expected)?;
        Ok(unit)
    }

    /// Why a line is not in a unit's journal: nothing said it, or nobody could read the journals.
    pub fn unheard(&self) -> Stop {
        match self.node.journals.look() {
            Err(why) => Stop::Blind { topic: NodeFacts::JOURNALS, why: why.clone() },
            Ok(_) => Stop::Quiet,
        }
    }

    /// The command line that does this on the node.
    pub fn exec(&self, command: &str) -> String {
        format!("magnum node exec {} {} -- {command}", self.all.cluster.name, self.name)
    }

    /// The finding's subject.
    pub fn subject(&self) -> Subject {
        Subject::node(self.name)
    }
}

fn each<'a>(facts: &'a Facts, which: impl Fn(&MemberView) -> bool, check: impl Fn(NodeAsk<'a>) -> Answer) -> Verdict {
    let mut verdict = Verdict::default();
    for ask in facts.cluster.members.iter().filter(|m| which(m)).filter_map(|m| NodeAsk::of(facts, m)) {
        verdict.add(ask.subject(), check(ask));
    }
    verdict
}

/// Asks every node.
pub fn each_node<'a>(facts: &'a Facts, check: impl Fn(NodeAsk<'a>) -> Answer) -> Verdict {
    each(facts, |_| true, check)
}

/// Asks every master.
pub fn masters<'a>(facts: &'a Facts, check: impl Fn(NodeAsk<'a>) -> Answer) -> Verdict {
    each(facts, |m| m.role == Role::Master, check)
}

/// The end of a unit's journal, for a finding: readable in the sentence, whole in the evidence.
pub fn last_words(unit: &Look<'_, Unit>, name: &str) -> Option<(String, Citation)> {
    let line = unit.last_words()?;
    let mut short: String = line.chars().take(160).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    Some((format!("its last words: {short}"), unit.cite(format!("{name}.log"), line)))
}

/// Turns a condition into an answer: go on only when it holds.
pub fn when(condition: bool) -> Result<(), Stop> {
    if condition { Ok(()) } else { Err(Stop::Quiet) }
}
