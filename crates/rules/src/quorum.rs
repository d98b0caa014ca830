// SPDX-License-Identifier: Apache-2.0
//! What deciding by majority needs: enough masters on which a unit runs.

use crate::ask::{NodeAsk, need, when};
use crate::verdict::Stop;
use magnum_facts::node::NodeFacts;
use magnum_facts::{Citation, Facts};

/// Several masters of which too few are left.
pub struct Minority<'a> {
    /// All of them.
    pub masters: Vec<NodeAsk<'a>>,
    /// Those on which the unit is down.
    pub down: Vec<(NodeAsk<'a>, Citation)>,
    /// On how many it runs.
    pub left: usize,
    /// On how many it would have to.
    pub needed: usize,
}

impl Minority<'_> {
    /// Where the unit is down.
    pub fn names(&self) -> Vec<&str> {
        self.down.iter().map(|(n, _)| n.name).collect()
    }

    /// The evidence of it.
    pub fn citations(&self) -> impl Iterator<Item = Citation> + '_ {
        self.down.iter().map(|(_, citation)| citation.clone())
    }
}

/// Of several masters that came up, this unit is down on so many that the others decide nothing.
pub fn minority<'a>(facts: &'a Facts, unit: &str) -> Result<Minority<'a>, Stop> {
    let members = facts.cluster.masters();
    let masters: Vec<NodeAsk<'a>> = members.filter_map(|m| NodeAsk::of(facts, m)).collect();
    when(masters.len() > 1 && masters.iter().all(|n| n.member.came_up()))?;
    let (mut down, mut unseen): (Vec<(NodeAsk<'a>, Citation)>, Vec<Stop>) = (Vec::new(), Vec::new());
    for n in &masters {
        match need(&n.node.units, NodeFacts::UNITS) {
            Ok(units) => {
                if let Some(found) = units.get(unit).filter(|u| u.is_down()) {
                    down.push((*n, units.cite(unit, found.state_text())));
                }
            }
            Err(stop) => unseen.push(stop),
        }
    }
    let (needed, left) = (masters.len() / 2 + 1, masters.len() - down.len());
    if left >= needed {
        // Whoever cannot be seen may be the one that is missing.
        return Err(unseen.pop().filter(|_| left <= needed).unwrap_or(Stop::Quiet));
    }
    Ok(Minority { masters, down, left, needed })
}
