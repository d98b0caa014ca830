// SPDX-License-Identifier: Apache-2.0
//! The judgement of paths whose captures are made up here: lost at every hop, seen only in part, not seen at all.
//! What really drops packets is tested on real nodes (`crates/testkit/tests/real_path.rs`).

#![allow(clippy::unwrap_used, clippy::panic)] // a made-up scene that does not fit is the test's own fault

#[path = "made_up/mod.rs"]
mod made_up;

use made_up::{round, scene};
use magnum_facts::node::Ruleset;
use magnum_path::wire::{Closed, Drop, Kind, Opened, Probe};
use magnum_path::{Inputs, Outcome, Round, render, suspicion};

const ALL: usize = 20;

#[test]
fn a_path_that_works_is_told_with_all_ten_devices() {
    let scene = scene(|_| ALL);
    let trace = scene.judge(None);
    assert_eq!(
        (
            trace.outcome,
            trace.exit,
            suspicion(&Inputs { facts: &scene.facts, from: &scene.from, to: &scene.to, first: &scene.first, burst: None })
        ),
        (Outcome::Works, 0, None)
    );
    insta::assert_snapshot!(render::text(&trace));
}

#[test]
fn lost_anywhere_without_a_cause_is_told_where_and_never_why() {
    for passed in 0..ALL {
        let trace = scene(|_| passed).judge(None);
        assert_eq!((trace.outcome, trace.exit, &trace.cause), (Outcome::Lost, 2, &None), "{passed}: {}", trace.summary);
        assert!(trace.hops.iter().any(|h| h.lost_before.is_some()), "{passed}");
    }
}

#[test]
fn a_rule_is_the_cause_when_its_counter_rises_by_as_many_as_are_sent() {
    let scene = scene(|_| 3);
    let burst_probe = Probe { count: 100, ..scene.first.probes[0].clone() };
    let mut burst = round(&scene.facts, &scene.from, &scene.to, vec![burst_probe], |_| 3);
    let save = |n: u32, other: u32| {
        format!(
            "*filter\n:FORWARD ACCEPT [0:0]\n[{other}:0] -A FORWARD -s 10.9.0.0/16 -j DROP\n[{n}:0] -A FORWARD -s 10.100.0.0/16 -j DROP\nCOMMIT\n"
        )
    };
    let Some(Ok(closed)) = burst.closed.get_mut("node-0") else { panic!() };
    closed.before = [("iptables".to_owned(), save(3, 5))].into();
    closed.after = [("iptables".to_owned(), save(103, 45))].into();
    closed.drops = vec![Drop { location: "nft_do_chain".into(), reason: "NETFILTER_DROP".into(), count: 100 }];
    let trace = scene.judge(Some(&burst));
    let cause = trace.cause.clone().unwrap();
    assert_eq!((cause.id.as_str(), trace.exit), ("firewall", 1));
    assert!(trace.also.is_empty(), "the kernel's reason stands behind it: {:?}", trace.also);
    insta::assert_snapshot!(render::text(&trace));
}

#[test]
fn what_got_lost_once_and_never_again_is_no_fault() {
    let scene = scene(|_| 3);
    let burst_probe = Probe { count: 100, ..scene.first.probes[0].clone() };
    let burst = round(&scene.facts, &scene.from, &scene.to, vec![burst_probe], |_| ALL);
    let trace = scene.judge(Some(&burst));
    assert_eq!((trace.outcome, trace.exit), (Outcome::Works, 0));
    assert!(trace.ruled_out.iter().any(|t| t.contains("none of 100")), "{:?}", trace.ruled_out);
}

#[test]
fn dropped_icmp_alone_is_no_dead_path() {
    let trace = scene(|p| if p.kind == Kind::Echo { 6 } else { ALL }).judge(None);
    assert_eq!(trace.outcome, Outcome::Works, "{}", trace.summary);
    assert!(trace.ruled_out.iter().any(|t| t.contains("ICMP")), "{:?}", trace.ruled_out);
}

#[test]
fn full_packets_alone_can_get_lost_and_the_small_device_is_named() {
    let mut scene = scene(|p| if p.number == 2 { 5 } else { ALL });
    let links = scene.facts.nodes.get_mut("node-1").unwrap().links.value_mut().unwrap();
    links.iter_mut().find(|l| l.name == "eth0").unwrap().mtu = 1400;
    let trace = scene.judge(None);
    assert_eq!((trace.outcome, trace.exit), (Outcome::LargeLost, 1), "{}", trace.summary);
    assert_eq!(trace.cause.unwrap().fault.as_deref(), Some("nt-mtu-physical"));
}

#[test]
fn what_nobody_could_look_at_is_never_guessed() {
    type Blind = fn(&mut Round);
    let cases: &[(&str, Blind, &str)] = &[
        (
            "no agent on the target",
            |r| drop(r.opened.insert("node-1".into(), Err("the agent on node-1: no such file".into()))),
            "on node-1",
        ),
        (
            "no right to capture there",
            |r| drop(r.opened.insert("node-1".into(), Ok(Opened { blind: Some("not permitted".into()), ..Opened::default() }))),
            "on node-1",
        ),
        ("the capture lost packets", |r| drop(r.closed.insert("node-1".into(), Ok(Closed { lost: 9, ..Closed::default() }))), "on node-1"),
        (
            "nobody anywhere",
            |r| ["node-0", "node-1"].iter().for_each(|n| drop(r.opened.insert((*n).into(), Err("no agent".into())))),
            "on node-0 and node-1",
        ),
    ];
    for (what, blind, says) in cases {
        let mut scene = scene(|_| 7);
        blind(&mut scene.first);
        let trace = scene.judge(None);
        assert_eq!((trace.outcome, trace.exit, &trace.cause), (Outcome::Unclear, 3, &None), "{what}: {}", trace.summary);
        assert!(trace.summary.contains(says), "{what}: {}", trace.summary);
        assert!(!trace.not_seen.is_empty(), "{what}");
    }
    let mut unsent = scene(|_| ALL);
    unsent.first.sent = Some(Err("the agent on node-0 did not answer within 4 s".into()));
    let trace = unsent.judge(None);
    assert_eq!((trace.outcome, trace.exit), (Outcome::Unclear, 3));
    assert!(trace.not_seen[0].contains("nothing could be sent"), "{:?}", trace.not_seen);
}

#[test]
fn an_answer_proves_the_path_even_where_nobody_could_look() {
    let mut scene = scene(|_| ALL);
    scene.first.opened.insert("node-1".into(), Err("no agent".into()));
    let trace = scene.judge(None);
    assert_eq!((trace.outcome, trace.exit), (Outcome::Works, 0), "{}", trace.summary);
    assert!(!trace.not_seen.is_empty(), "and it says what was not seen");
}

#[test]
fn the_security_group_is_named_by_its_own_counter() {
    let mut scene = scene(|_| 5);
    let filter =
        |n: u32| Ruleset::from_iptables_save(&format!("*port\n:to_node - [0:0]\n[{n}:0] -A to_node -p udp --dport 8472 -j DROP\nCOMMIT\n"));
    scene.first.filters.insert("node-1".into(), (filter(4), filter(7)));
    let trace = scene.judge(None);
    assert_eq!(trace.cause.clone().unwrap().id, "port-filter", "{}", trace.summary);
}
