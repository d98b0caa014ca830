// SPDX-License-Identifier: Apache-2.0
//! Where packets get lost: between the last device that saw them and the first that did not.

use crate::round::{Count, Group};
use crate::route::{Hop, Place};

/// One device on one of the two ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    pub hop: Hop,
    /// On the way back.
    pub back: bool,
    /// Packets leave by the device here, otherwise they come in.
    pub out: bool,
    pub count: Count,
}

/// Where packets get lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Who saw them last; none when nobody did.
    pub last: Option<Stop>,
    /// Who should have seen them next; none when all did, and still no answer came.
    pub next: Option<Stop>,
    /// Devices between those two that nobody could look at.
    pub unseen: Vec<Stop>,
    pub sent: u16,
    pub lost: u16,
}

impl Gap {
    /// They got lost on the way back.
    pub fn back(&self) -> bool {
        self.next.as_ref().or(self.last.as_ref()).is_some_and(|s| s.back)
    }

    /// The device before and the one after, when both are on one node and of these kinds.
    pub fn between(&self, last: Place, next: Place) -> Option<(&Stop, &Stop)> {
        let (a, b) = (self.last.as_ref()?, self.next.as_ref()?);
        (a.hop.place == last && b.hop.place == next && a.hop.node == b.hop.node && a.hop.container == b.hop.container).then_some((a, b))
    }

    /// The nodes on both sides.
    pub fn nodes(&self) -> Vec<&str> {
        let mut all: Vec<&str> = Vec::new();
        for stop in [&self.last, &self.next].into_iter().flatten() {
            if !all.contains(&stop.hop.node.as_str()) {
                all.push(&stop.hop.node);
            }
        }
        all
    }
}

/// All devices of both ways, in the order in which a packet and its answer pass them.
pub fn stops(route: &[Hop], group: &Group<'_>) -> Vec<Stop> {
    let stop = |hop: &Hop, back: bool| Stop { hop: hop.clone(), back, out: hop.out != back, count: group.count(hop, back) };
    let there = route.iter().map(|hop| stop(hop, false));
    there.chain(route.iter().rev().map(|hop| stop(hop, true))).collect()
}

/// Where most of `sent` packets get lost, when some do.
pub fn gap(stops: &[Stop], sent: u16) -> Option<Gap> {
    let (mut found, mut last, mut passed, mut unseen): (Option<Gap>, Option<&Stop>, u16, Vec<Stop>) = (None, None, sent, Vec::new());
    for stop in stops {
        match stop.count {
            Count::Seen(count) => {
                let lost = passed.saturating_sub(count);
                if lost > found.as_ref().map_or(0, |g| g.lost) {
                    found = Some(Gap { last: last.cloned(), next: Some(stop.clone()), unseen: unseen.clone(), sent, lost });
                }
                passed = passed.min(count);
                last = Some(stop);
                unseen.clear();
            }
            Count::Unknown(_) => unseen.push(stop.clone()),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop(device: &str, back: bool, count: Option<u16>) -> Stop {
        let hop = Hop {
            node: "node-0".into(),
            place: Place::Wire,
            device: device.into(),
            container: None,
            out: true,
            wrapped: false,
            apart: false,
            guide: None,
            mtu: None,
        };
        Stop { hop, back, out: !back, count: count.map_or(Count::Unknown("no agent".into()), Count::Seen) }
    }

    #[test]
    fn the_gap_is_where_most_are_lost_and_unseen_devices_widen_it() {
        for (counts, expected) in [
            (vec![Some(3), Some(3), Some(3), Some(3)], None),
            (vec![Some(3), Some(0), Some(0), Some(0)], Some(("d0", "d1", 0, 3))),
            (vec![Some(3), None, Some(0), Some(0)], Some(("d0", "d2", 1, 3))),
            (vec![Some(0), Some(0), Some(0), Some(0)], Some(("", "d0", 0, 3))),
            (vec![Some(3), Some(3), Some(2), Some(0)], Some(("d2", "d3", 0, 2))),
            (vec![Some(3), Some(3), None, None], None),
        ] {
            let stops: Vec<Stop> = counts.iter().enumerate().map(|(i, c)| stop(&format!("d{i}"), i > 1, *c)).collect();
            let found = gap(&stops, 3);
            let words = found.as_ref().map(|g| {
                let name = |s: &Option<Stop>| s.as_ref().map(|s| s.hop.device.clone()).unwrap_or_default();
                (name(&g.last), name(&g.next), g.unseen.len(), g.lost)
            });
            assert_eq!(words, expected.map(|(a, b, n, l)| (a.to_owned(), b.to_owned(), n, l)), "{counts:?}");
        }
    }
}
