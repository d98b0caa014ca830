// SPDX-License-Identifier: Apache-2.0
//! Who reaches whom: nodes among themselves, and one pod of each node among themselves.

use crate::endpoint::{Endpoint, Sort};
use crate::judge::{Inputs, judge};
use crate::round::Round;
use crate::trace::Outcome;
use crate::wire::{Kind, Probe};
use jiff::Timestamp;
use magnum_facts::Facts;
use magnum_facts::coe::Pod;
use serde::{Deserialize, Serialize};

/// Who reaches whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matrix {
    /// [`Matrix::SCHEMA`].
    pub schema: String,
    pub cluster: String,
    pub at: Timestamp,
    pub duration_ms: u64,
    pub ends: Vec<Endpoint>,
    pub cells: Vec<Cell>,
    /// 0 all work, 1 some do not, 3 some could not be looked at.
    pub exit: u8,
    /// Nodes that are left out of the pods' part, because.
    pub left_out: Vec<String>,
}

/// One end to one other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    pub from: String,
    pub to: String,
    pub outcome: Outcome,
    pub rtt_us: Option<u32>,
    /// Where packets get lost.
    pub summary: String,
}

impl Matrix {
    pub const SCHEMA: &'static str = "magnum.path-matrix/v1";
}

/// More ends than this of each sort are not probed among each other.
const ENDS: usize = 12;

/// The ends: all nodes, and a ready pod of each; with what is left out.
pub fn ends(facts: &Facts) -> (Vec<Endpoint>, Vec<String>) {
    let (mut all, mut left_out) = (Vec::new(), Vec::new());
    let members = || facts.cluster.members.iter().filter(|m| !m.stopped_on_purpose).take(ENDS);
    for member in members() {
        match member.address {
            Some(address) => all.push(Endpoint::plain(Sort::Node, &member.name, address, Some(member.name.clone()), None)),
            None => left_out.push(format!("{}: it has no address yet", member.name)),
        }
    }
    if facts.cluster.members.len() > ENDS {
        left_out.push(format!("{} nodes more than {ENDS}", facts.cluster.members.len() - ENDS));
    }
    let pods: Vec<&Pod> = facts
        .kubernetes
        .pods
        .value()
        .into_iter()
        .flatten()
        .filter(|p| !p.host_network && p.phase == "Running" && p.deleting_since.is_none())
        .collect();
    if facts.cluster.coe.is_swarm() {
        for member in members() {
            let own = facts.swarm.tasks.value().into_iter().flatten().filter(|t| t.node == member.name);
            match own.filter_map(|t| Some(Endpoint::task(t, t.reached_at()?))).next() {
                Some(end) => all.push(end),
                None => left_out.push(format!("{}: no task with an address in an overlay network runs there", member.name)),
            }
        }
        return (all, left_out);
    }
    for member in members() {
        let own = pods.iter().filter(|p| p.node.as_ref() == Some(&member.name));
        let found = own.filter_map(|p| Some((p, p.ip.as_ref()?.parse().ok()?))).max_by_key(|(p, _)| p.is_ready());
        match found {
            Some((pod, address)) => {
                let end = Endpoint::plain(Sort::Pod, &pod.path(), address, pod.node.clone(), None);
                all.push(Endpoint { container: true, ..end });
            }
            None => left_out.push(format!("{}: no pod with an address of its own runs there", member.name)),
        }
    }
    (all, left_out)
}

/// The pairs that are probed: ends of one sort, on different nodes.
pub fn pairs(ends: &[Endpoint]) -> Vec<(usize, usize)> {
    let apart = |a: &Endpoint, b: &Endpoint| a.sort == b.sort && a.node != b.node;
    (0..ends.len()).flat_map(|a| (0..ends.len()).map(move |b| (a, b))).filter(|(a, b)| apart(&ends[*a], &ends[*b])).collect()
}

/// What is sent for the pair of this index.
pub fn pair_probes(index: usize, to: &Endpoint, source_port: u16) -> Vec<Probe> {
    let number = 100 + u16::try_from(index).unwrap_or(u16::MAX / 2) * 2;
    let one = |number, kind, port, source_port, count| Probe {
        number,
        kind,
        to: to.address,
        port,
        source_port,
        bytes: 84,
        count,
        gap_ms: 3,
        wait_ms: 400,
    };
    vec![one(number, Kind::Echo, 0, 0, 2), one(number + 1, Kind::Udp, 33_434, source_port, 1)]
}

/// Judges all pairs of a round.
pub fn judge_all(facts: &Facts, ends: &[Endpoint], round: &Round, left_out: Vec<String>) -> Matrix {
    let cell = |(index, (a, b)): (usize, &(usize, usize))| {
        let (from, to) = (&ends[*a], &ends[*b]);
        let probes: Vec<Probe> =
            pair_probes(index, to, 0).iter().filter_map(|p| round.probes.iter().find(|q| q.number == p.number)).cloned().collect();
        let answers = probes.first().and_then(|p| round.outcome(p));
        let (from_name, to_name) = (from.name.clone(), to.name.clone());
        if let Some(outcome) = answers.filter(|o| o.answered == 2) {
            return Cell { from: from_name, to: to_name, outcome: Outcome::Works, rtt_us: outcome.rtt_us, summary: String::new() };
        }
        let trace = judge(&Inputs { facts, from, to, first: &Round { probes, ..round.clone() }, burst: None });
        Cell {
            from: from_name,
            to: to_name,
            outcome: trace.outcome,
            rtt_us: None,
            summary: if trace.exit == 0 { String::new() } else { trace.summary },
        }
    };
    let cells: Vec<Cell> = pairs(ends).iter().enumerate().map(cell).collect();
    let any = |outcome: Outcome| cells.iter().any(|c| c.outcome == outcome);
    let exit = if any(Outcome::Lost) || any(Outcome::LargeLost) || any(Outcome::Refused) {
        1
    } else if any(Outcome::Unclear) {
        3
    } else {
        0
    };
    Matrix {
        schema: Matrix::SCHEMA.to_owned(),
        cluster: facts.cluster.name.clone(),
        at: facts.taken_at,
        duration_ms: 0,
        ends: ends.to_vec(),
        cells,
        exit,
        left_out,
    }
}
