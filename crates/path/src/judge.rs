// SPDX-License-Identifier: Apache-2.0
//! The judgement of a path: whether it works, where packets get lost, and what drops them there.

use crate::CAUSES;
use crate::cause::{Found, Look, Scene};
use crate::endpoint::{Endpoint, Sort};
use crate::gap::{Gap, Stop, gap, stops};
use crate::plan::LARGE;
use crate::round::{Count, Group, Round};
use crate::route::{Hop, route};
use crate::service::{self, Call};
use crate::tell;
use crate::trace::{Outcome, Trace};
use crate::wire::{Kind, Probe};
use magnum_facts::Facts;

/// What was done.
pub struct Inputs<'a> {
    pub facts: &'a Facts,
    pub from: &'a Endpoint,
    pub to: &'a Endpoint,
    pub first: &'a Round,
    /// A second round, sent to be counted.
    pub burst: Option<&'a Round>,
}

/// What a second round should look into: which probe got lost, and on the way to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspicion {
    pub probe: Probe,
    pub to: Endpoint,
    pub gap: Option<Gap>,
}

/// The main probes of a round: those whose fate is the path's.
pub(crate) struct Main<'a> {
    pub to: Endpoint,
    pub route: Vec<Hop>,
    pub group: Group<'a>,
}

impl Main<'_> {
    fn sent(&self) -> u16 {
        self.group.probes().map(|p| p.count).sum()
    }

    fn answered(&self) -> u16 {
        self.group.probes().filter_map(|p| self.group.round.outcome(p)).map(|o| o.answered.min(o.sent.max(1))).sum()
    }

    fn stops(&self) -> Vec<Stop> {
        stops(&self.route, &self.group)
    }

    /// Datagrams that a program does not understand stay without an answer: arriving is all that is asked of them.
    fn arrived(&self) -> bool {
        let last = self.route.last().map(|hop| self.group.count(hop, false));
        matches!(last, Some(Count::Seen(count)) if count >= self.sent())
    }

    fn works(&self) -> bool {
        match self.group.probes().next().map(|p| p.kind) {
            Some(Kind::Udp) if self.to.udp => self.arrived() || self.answered() >= self.sent(),
            _ => self.answered() >= self.sent() && self.sent() > 0,
        }
    }

    fn gap(&self) -> Option<Gap> {
        let all = self.stops();
        // The datagram's answer is not expected.
        let all: Vec<Stop> = if self.to.udp { all.into_iter().filter(|s| !s.back).collect() } else { all };
        gap(&all, self.sent()).or_else(|| unclear(&all, self.sent()))
    }
}

/// Nothing is known to be lost, and no answer came: it gets lost where nobody could look, or after all.
fn unclear(all: &[Stop], sent: u16) -> Option<Gap> {
    let last = all.iter().rposition(|s| s.count.known().is_some());
    let unseen = all.iter().skip(last.map_or(0, |at| at + 1)).cloned().collect();
    Some(Gap { last: last.and_then(|at| all.get(at)).cloned(), next: None, unseen, sent, lost: sent })
}

fn main_of<'a>(inputs: &Inputs<'a>, round: &'a Round, to: &Endpoint, wanted: impl Fn(&Probe) -> bool) -> Main<'a> {
    Main { to: to.clone(), route: route(inputs.from, to, inputs.facts), group: Group::new(round, wanted) }
}

/// The kind of probe whose fate is the path's.
fn kind(to: &Endpoint) -> Kind {
    match (to.port, to.udp) {
        (Some(_), true) => Kind::Udp,
        (Some(_), false) => Kind::Tcp,
        (None, _) => Kind::Echo,
    }
}

/// What is wrong after the first round; none when the path works.
pub fn suspicion(inputs: &Inputs<'_>) -> Option<Suspicion> {
    let judged = first(inputs);
    let probe = judged.main.group.probes().next()?.clone();
    (judged.outcome != Outcome::Works && not_sent(inputs.first).is_none()).then(|| Suspicion {
        probe,
        to: judged.main.to.clone(),
        gap: judged.gap,
    })
}

/// What the first round shows.
pub(crate) struct First<'a> {
    pub main: Main<'a>,
    pub outcome: Outcome,
    pub gap: Option<Gap>,
    pub cause: Option<Found>,
    pub notes: Vec<String>,
}

fn first<'a>(inputs: &Inputs<'a>) -> First<'a> {
    if not_sent(inputs.first).is_some() {
        let main = main_of(inputs, inputs.first, inputs.to, |_| true);
        return First { outcome: Outcome::Unclear, gap: None, main, cause: None, notes: Vec::new() };
    }
    if inputs.to.sort == Sort::Service {
        return of_service(inputs);
    }
    let kind = kind(inputs.to);
    let main = main_of(inputs, inputs.first, inputs.to, |p| p.kind == kind && p.number != LARGE);
    let large = main_of(inputs, inputs.first, inputs.to, |p| p.number == LARGE);
    let others = main_of(inputs, inputs.first, inputs.to, |p| p.kind != kind && p.number != LARGE);
    let mut notes = Vec::new();
    if main.works() {
        if large.sent() > 0 && !large.works() && (kind == Kind::Echo || others.works()) {
            let gap = large.gap();
            return First { outcome: Outcome::LargeLost, gap, main: large, cause: None, notes };
        }
        if kind == Kind::Tcp && others.sent() > 0 && !others.works() {
            notes.push("ICMP is not answered, and the connection works: something drops ICMP on purpose".to_owned());
        }
        if refused(&main) {
            return First { outcome: Outcome::Refused, gap: None, main, cause: None, notes };
        }
        return First { outcome: Outcome::Works, gap: None, main, cause: None, notes };
    }
    if kind == Kind::Echo && others.works() {
        notes.push("ICMP echo requests are not answered, and datagrams are: something drops ICMP on purpose".to_owned());
        return First { outcome: Outcome::Works, gap: None, main: others, cause: None, notes };
    }
    let gap = main.gap();
    First { outcome: if known(gap.as_ref()) { Outcome::Lost } else { Outcome::Unclear }, gap, main, cause: None, notes }
}

/// Why nothing could be sent at all.
pub(crate) fn not_sent(round: &Round) -> Option<&str> {
    round.sent.as_ref().and_then(|sent| sent.as_ref().err()).map(String::as_str)
}

/// Both sides of the gap were looked at.
fn known(gap: Option<&Gap>) -> bool {
    gap.is_some_and(|g| g.unseen.is_empty() && (g.next.is_some() || g.last.is_some()))
}

fn refused(main: &Main<'_>) -> bool {
    main.group.probes().all(|p| p.kind == Kind::Tcp)
        && main.group.probes().filter_map(|p| main.group.round.outcome(p)).any(crate::wire::Outcome::is_refused)
}

fn of_service<'a>(inputs: &Inputs<'a>) -> First<'a> {
    let calls = service::calls(inputs.first, inputs.to);
    let failed = |call: &&Call| {
        let answered = inputs.first.outcome(&call.probe).is_some_and(|o| o.answered > 0);
        let backend = call.backend.map(|b| service::as_endpoint(inputs, b));
        let arrived = backend.is_some_and(|to| {
            main_of(inputs, inputs.first, &Endpoint { udp: inputs.to.udp, ..to }, |p| p.number == call.probe.number).arrived()
        });
        !(answered || inputs.to.udp && arrived)
    };
    let bad = calls.iter().find(failed).or_else(|| calls.iter().find(|call| service::refused(inputs.first, call)));
    let to = |call: &Call| call.backend.map_or_else(|| service::expected(inputs), |address| service::as_endpoint(inputs, address));
    let of = |call: &Call| {
        let to = Endpoint { udp: inputs.to.udp, ..to(call) };
        let same: Vec<u16> = calls.iter().filter(|c| c.backend == call.backend).map(|c| c.probe.number).collect();
        main_of(inputs, inputs.first, &to, |p| same.contains(&p.number))
    };
    let mut notes = service::spread(&calls, inputs);
    let elsewhere = || calls.iter().find(|c| c.backend.is_some_and(|b| b != inputs.from.address));
    let Some(call) = bad.or_else(elsewhere).or_else(|| calls.first()) else {
        let main = main_of(inputs, inputs.first, &service::expected(inputs), |_| true);
        return First { gap: main.gap(), main, outcome: Outcome::Unclear, cause: None, notes };
    };
    let main = of(call);
    if bad.is_none() {
        return First { outcome: Outcome::Works, gap: None, main, cause: None, notes };
    }
    let cause = service::cause(inputs, call);
    let gap = main.gap();
    if cause.is_none() && service::refused(inputs.first, call) {
        notes.push("the service leads to a pod that refuses the connection".to_owned());
        return First { outcome: Outcome::Refused, gap: None, main, cause: service::wrong_target(inputs, call), notes };
    }
    let outcome = if cause.is_some() || known(gap.as_ref()) { Outcome::Lost } else { Outcome::Unclear };
    First { outcome, gap, main, cause, notes }
}

/// Judges what was seen.
pub fn judge(inputs: &Inputs<'_>) -> Trace {
    let mut judged = first(inputs);
    let (mut causes, mut ruled_out) = (Vec::new(), judged.notes.clone());
    let burst = inputs.burst.map(|round| main_of(inputs, round, &judged.main.to, |_| true));
    if let Some(found) = judged.cause.clone() {
        causes.push(found);
    }
    if let (Some(again), Outcome::Lost | Outcome::LargeLost, None) = (&burst, judged.outcome, &judged.cause)
        && again.works()
    {
        let lost = judged.gap.as_ref().map_or(0, |g| g.lost);
        ruled_out.push(format!("{lost} of {} packets got lost at first, and none of {} after them", judged.main.sent(), again.sent()));
        judged = First { outcome: Outcome::Works, gap: None, ..judged };
    }
    let broken = matches!(judged.outcome, Outcome::Lost | Outcome::LargeLost | Outcome::Unclear);
    if let (true, Some(seen)) = (broken && judged.cause.is_none(), judged.gap.as_ref()) {
        // The second round saw more packets, and later.
        let again = burst.as_ref().and_then(Main::gap).filter(|g| same_place(g, seen));
        let (main, gap, counted) = match (&burst, &again) {
            (Some(main), Some(gap)) => (main, gap, true),
            _ => (&judged.main, seen, false),
        };
        let large = (judged.outcome == Outcome::LargeLost).then(|| main.group.probes().next().map_or(0, |p| p.bytes));
        let scene = Scene {
            facts: inputs.facts,
            gap,
            round: main.group.round,
            sent: main.sent(),
            burst: counted,
            from: inputs.from,
            to: &main.to,
            large,
        };
        let (mut found, fine) = look(&scene);
        support(&mut found);
        causes.extend(found);
        ruled_out.extend(fine);
    }
    let mut causes = causes.into_iter();
    let (cause, also) = (causes.next(), causes.collect());
    let nothing = not_sent(inputs.first).map(|why| format!("{}: nothing could be sent: {why}", inputs.from.name));
    let kernel = inputs.burst.into_iter().flat_map(|round| &round.opened).filter_map(|(node, opened)| {
        let why = opened.as_ref().ok()?.no_drops.as_ref()?;
        Some(format!("why the kernel of {node} drops packets: {why}"))
    });
    let not_seen = nothing.into_iter().chain(unseen(&judged.main)).chain(kernel).collect();
    let exit = match (judged.outcome, &cause) {
        (Outcome::Works, _) => 0,
        (_, Some(_)) => 1,
        (Outcome::Refused, None) => 1,
        (Outcome::Unclear, None) => 3,
        _ => 2,
    };
    Trace {
        schema: Trace::SCHEMA.to_owned(),
        cluster: inputs.facts.cluster.name.clone(),
        at: inputs.facts.taken_at,
        duration_ms: 0,
        from: inputs.from.clone(),
        to: inputs.to.clone(),
        outcome: judged.outcome,
        exit,
        summary: tell::summary(inputs, &judged, cause.as_ref()),
        hops: tell::rows(&judged, inputs.facts),
        probes: tell::shots(inputs.first),
        translations: tell::translations(inputs),
        cause,
        also,
        ruled_out,
        not_seen,
    }
}

fn same_place(a: &Gap, b: &Gap) -> bool {
    let of = |stop: &Option<Stop>| stop.as_ref().map(|s| (s.hop.node.clone(), s.hop.place, s.back));
    of(&a.next) == of(&b.next) && a.lost > 0
}

fn look(scene: &Scene<'_>) -> (Vec<Found>, Vec<String>) {
    let (mut found, mut fine) = (Vec::new(), Vec::new());
    for cause in CAUSES {
        match (cause.look)(scene) {
            Look::Nothing => {}
            Look::Fine(text) => fine.push((cause.rank, text)),
            Look::Guilty(one) => found.push((cause.rank, Found { id: cause.id.to_owned(), ..*one })),
        }
    }
    found.sort_by_key(|(rank, _)| *rank);
    fine.sort_by_key(|(rank, _)| *rank);
    (found.into_iter().map(|(_, f)| f).collect(), fine.into_iter().map(|(_, f)| f).collect())
}

/// What the kernel says stands behind another cause, not beside it.
fn support(found: &mut Vec<Found>) {
    let at = found.iter().position(|f| f.id == "kernel").filter(|at| *at > 0);
    if let Some(at) = at {
        let kernel = found.remove(at);
        if let Some(first) = found.first_mut() {
            first.evidence.extend(kernel.evidence);
        }
    }
}

fn unseen(main: &Main<'_>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for stop in main.stops() {
        if let Count::Unknown(why) = stop.count {
            let text = format!("{}: {why}", stop.hop.describe());
            if !all.contains(&text) {
                all.push(text);
            }
        }
    }
    all
}
