// SPDX-License-Identifier: Apache-2.0
//! What drops packets at a gap. One file for each cause under `causes/`; the build finds it.

use crate::endpoint::Endpoint;
use crate::gap::{Gap, Stop};
use crate::round::Round;
use crate::route::Place;
use crate::wire::Container;
use magnum_facts::Facts;
use magnum_facts::node::{Link, NodeFacts, Route};
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// One thing that can drop packets.
pub struct Cause {
    /// `firewall`, `no-route`.
    pub id: &'static str,
    /// Of several that fit, the lowest is named; the others are told beside it.
    pub rank: u8,
    pub look: fn(&Scene<'_>) -> Look,
}

/// What a cause says of a gap.
pub enum Look {
    /// It has nothing to do with this gap, or nobody could look.
    Nothing,
    /// It was looked at, and it is not the cause: `net.ipv4.ip_forward is 1 on node-0`.
    Fine(String),
    Guilty(Box<Found>),
}

/// A cause that was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The cause's id.
    pub id: String,
    /// One sentence: what drops them.
    pub text: String,
    /// The fault in the doctor's catalogue, for `magnum explain`.
    pub fault: Option<String>,
    pub evidence: Vec<Evidence>,
    /// What to do, in words, and as commands.
    pub remedy: String,
    pub commands: Vec<String>,
}

/// What was read, and how to read it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub what: String,
    pub value: String,
}

impl Found {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    pub(crate) fn fault(mut self, id: &str) -> Self {
        self.fault = Some(id.to_owned());
        self
    }

    pub(crate) fn seen(mut self, what: impl Into<String>, value: impl Into<String>) -> Self {
        self.evidence.push(Evidence { what: what.into(), value: value.into() });
        self
    }

    pub(crate) fn fix(mut self, text: impl Into<String>) -> Self {
        self.remedy = text.into();
        self
    }

    pub(crate) fn run(mut self, command: impl Into<String>) -> Self {
        self.commands.push(command.into());
        self
    }

    pub(crate) fn guilty(self) -> Look {
        Look::Guilty(Box::new(self))
    }
}

/// A gap with everything that is known around it.
pub struct Scene<'a> {
    pub facts: &'a Facts,
    pub gap: &'a Gap,
    pub round: &'a Round,
    /// Packets that were sent in that round; how often a counter must have risen.
    pub sent: u16,
    /// They were sent to be counted, enough of them that nothing else can make the same number.
    pub burst: bool,
    pub from: &'a Endpoint,
    pub to: &'a Endpoint,
    /// Small packets pass here: these have this size.
    pub large: Option<u16>,
}

impl<'a> Scene<'a> {
    /// The packet's own addresses on the way that is broken.
    pub fn addresses(&self) -> (Ipv4Addr, Ipv4Addr) {
        if self.gap.back() { (self.to.address, self.from.address) } else { (self.from.address, self.to.address) }
    }

    pub fn node(&self, name: &str) -> Option<&'a NodeFacts> {
        self.facts.nodes.get(name)
    }

    pub fn links(&self, node: &str) -> Option<&'a Vec<Link>> {
        self.node(node)?.links.value()
    }

    pub fn link(&self, node: &str, device: &str) -> Option<&'a Link> {
        self.links(node)?.iter().find(|l| l.name == device)
    }

    /// The device of a stop.
    pub fn device<'b>(&'b self, stop: &'b Stop) -> &'b str {
        self.round.device(&stop.hop)
    }

    /// A kernel setting, as the node was asked now, or as it was when the facts were collected.
    pub fn sysctl(&self, node: &str, key: &str) -> Option<String> {
        let line = |text: &String| {
            text.lines().find_map(|l| l.split_once('=').filter(|(name, _)| name.trim() == key).map(|(_, v)| v.trim().to_owned()))
        };
        let asked = self.round.asked.iter().filter(|((on, _), _)| on == node).find_map(|(_, text)| line(text));
        asked.or_else(|| self.node(node)?.sysctls.value()?.get(key).cloned())
    }

    /// The route of the node's main table that a packet to `to` takes: `Ok(None)` when there is none for it.
    pub fn route(&self, node: &str, to: Ipv4Addr) -> Option<Option<&'a Route>> {
        Some(Route::best(self.node(node)?.routes.value()?, to))
    }

    /// The pair of devices between which a node should hand the packet on, when the gap is there: from where it came in
    /// (or its own stack) to where it should leave.
    pub fn handing_on(&self) -> Option<(&Stop, &Stop)> {
        let (last, next) = (self.gap.last.as_ref()?, self.gap.next.as_ref()?);
        let routed = |p: Place| matches!(p, Place::Bridge | Place::Overlay | Place::Wire);
        let here = last.hop.node == next.hop.node && !last.out && next.out && routed(last.hop.place) && routed(next.hop.place);
        here.then_some((last, next))
    }

    /// The gap is where a node puts packets into the overlay's packets: (node, overlay's device, its own device).
    pub fn wrapping(&self) -> Option<(&str, &Stop, &Stop)> {
        let (last, next) = (self.gap.last.as_ref()?, self.gap.next.as_ref()?);
        let fits = last.hop.node == next.hop.node && last.out && last.hop.place == Place::Overlay && next.hop.place == Place::Wire;
        fits.then_some((last.hop.node.as_str(), last, next))
    }

    /// The gap is where a node takes packets out of the overlay's packets.
    pub fn unwrapping(&self) -> Option<(&str, &Stop, &Stop)> {
        let (last, next) = (self.gap.last.as_ref()?, self.gap.next.as_ref()?);
        let fits = last.hop.node == next.hop.node && !last.out && last.hop.place == Place::Wire && next.hop.place == Place::Overlay;
        fits.then_some((last.hop.node.as_str(), last, next))
    }

    /// The gap is between two nodes: (the one that sent, the one that should have got it).
    pub fn crossing(&self) -> Option<(&Stop, &Stop)> {
        let (last, next) = (self.gap.last.as_ref()?, self.gap.next.as_ref()?);
        (last.hop.node != next.hop.node && last.hop.place == Place::Wire && next.hop.place == Place::Wire).then_some((last, next))
    }

    /// A container at the gap, seen from inside.
    pub fn container(&self, stop: &Stop) -> Option<(&str, &Container)> {
        self.round.container(stop.hop.container?)
    }

    /// A command on a node, as a user runs it.
    pub fn on(&self, node: &str, words: &str) -> String {
        format!("magnum node exec {} {node} -- {words}", self.facts.cluster.name)
    }

    /// A command in a container's network namespace.
    pub fn in_container(&self, node: &str, container: &Container, words: &str) -> String {
        self.on(node, &format!("nsenter --net={} {words}", container.namespace))
    }

    /// A counter that rose by this was raised by the probes.
    pub fn is_ours(&self, rise: u64) -> bool {
        let sent = u64::from(self.sent);
        sent > 0 && rise * 100 >= sent * 95
    }
}
