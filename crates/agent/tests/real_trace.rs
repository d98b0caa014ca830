// SPDX-License-Identifier: Apache-2.0
//! `magnum-agent trace` on real packets: a node with a bridge and three containers, all of them network namespaces. Needs
//! root.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "real_trace/world.rs"]
mod world;

use magnum_path::wire::{Closed, Kind, Opened, Sighting};
use serde_json::json;
use std::time::{Duration, Instant};
use world::World;

fn places(closed: &Closed, wanted: impl Fn(&Sighting) -> bool) -> Vec<String> {
    let seen = closed.sightings.iter().filter(|one| wanted(one));
    seen.map(|one| {
        let inside = one.inside.map(|address| format!("{address} ")).unwrap_or_default();
        format!("{inside}{} {}", one.device, if one.out { "out" } else { "in" })
    })
    .collect()
}

fn sorted(mut places: Vec<String>) -> Vec<String> {
    places.sort();
    places
}

#[test]
fn packets_are_seen_at_every_device_both_ways() {
    let world = World::new("ways");
    let (a, b, c) = (world.a(), world.b(), world.c());
    world.serve(c, 7070);
    let begin = Instant::now();
    let opened = world.open(false, 10_000);
    assert!(begin.elapsed() < Duration::from_secs(8), "the captures kept the caller's output open");
    assert_eq!((opened.blind.clone(), opened.containers.len()), (None, 3));
    let of_b = opened.containers.iter().find(|one| one.address == Some(b)).unwrap();
    assert_eq!((of_b.device.as_str(), of_b.peer.as_str(), of_b.hairpin), ("eth0", "vb", Some(true)));
    assert_eq!(of_b.namespace, format!("/run/netns/{}", world.name("b")));
    assert_eq!(of_b.routes[0]["gateway"], world.gateway().to_string());
    assert_eq!(opened.containers.iter().find(|one| one.address == Some(a)).unwrap().hairpin, Some(false));

    let sent = world.send(
        Some(a),
        json!([
            {"number": 1, "kind": "echo", "to": b, "port": 0, "source_port": 0, "bytes": 84, "count": 2, "gap_ms": 5, "wait_ms": 2000},
            {"number": 2, "kind": "udp", "to": c, "port": 7070, "source_port": 40001, "bytes": 60, "count": 2, "gap_ms": 5, "wait_ms": 2000},
            {"number": 3, "kind": "tcp", "to": c, "port": 7070, "source_port": 40002, "bytes": 0, "count": 1, "gap_ms": 0, "wait_ms": 2000},
            {"number": 4, "kind": "udp", "to": b, "port": 9, "source_port": 40003, "bytes": 60, "count": 1, "gap_ms": 0, "wait_ms": 2000},
            {"number": 5, "kind": "echo", "to": c, "port": 0, "source_port": 0, "bytes": 1400, "count": 1, "gap_ms": 0, "wait_ms": 200},
        ]),
    );
    assert_eq!(sent.blind, None);
    let told: Vec<_> = sent.outcomes.iter().map(|one| (one.number, one.sent, one.answered, one.errors.join(", "))).collect();
    assert_eq!(told[..3], [(1, 2, 2, String::new()), (2, 2, 2, String::new()), (3, 1, 1, String::new())]);
    assert_eq!(told[3], (4, 1, 1, "Connection refused".to_owned()));
    assert_eq!(told[4], (5, 1, 0, format!("{}: fragmentation needed", world.gateway())));
    assert!(sent.outcomes[..4].iter().all(|one| one.rtt_us.is_some()));

    let closed = world.close();
    assert_eq!(closed.lost, 0);
    let turn = |number, turn, reply| move |one: &Sighting| one.number == Some(number) && one.turn == Some(turn) && one.reply == reply;
    let way = |from: std::net::Ipv4Addr, to: std::net::Ipv4Addr, first: &str, last: &str| {
        sorted(vec![format!("{from} eth0 out"), format!("{first} in"), format!("{last} out"), format!("{to} eth0 in")])
    };
    assert_eq!(sorted(places(&closed, turn(1, 1, false))), way(a, b, "va", "vb"));
    assert_eq!(sorted(places(&closed, turn(1, 1, true))), way(b, a, "vb", "va"));
    // By way of the node's own address, and so through the bridge's device too.
    let routed = |from, to, first: &str, last: &str, bridge: &str| sorted([way(from, to, first, last), vec![bridge.to_owned()]].concat());
    let udp = |from| move |one: &Sighting| one.number == Some(2) && one.turn == Some(0) && one.source == Some(from);
    assert_eq!(sorted(places(&closed, udp(a))), routed(a, c, "va", "vc", "br0 in"));
    assert_eq!(sorted(places(&closed, udp(c))), routed(c, a, "vc", "va", "br0 out"));
    let flags = |flags: &'static str| move |one: &Sighting| one.kind == Some(Kind::Tcp) && one.flags == flags;
    assert_eq!(sorted(places(&closed, flags("S"))), routed(a, c, "va", "vc", "br0 in"));
    assert_eq!(sorted(places(&closed, flags("SA"))), routed(c, a, "vc", "va", "br0 out"));
    let of_tcp: Vec<_> = closed.sightings.iter().filter_map(|one| one.connection).collect();
    assert!(of_tcp.len() >= 15 && of_tcp.iter().all(|one| *one == of_tcp[0]), "{of_tcp:?}");

    let refused = closed.sightings.iter().filter(|one| one.number == Some(4) && one.error.is_some());
    assert!(refused.clone().all(|one| one.error.as_ref().is_some_and(|error| (error.kind, error.code, error.from) == (3, 3, b))));
    assert_eq!(refused.count(), 4);
    let needed = closed.sightings.iter().find(|one| one.number == Some(5) && one.error.is_some()).unwrap();
    assert_eq!(needed.error.as_ref().map(|error| (error.code, error.mtu, error.to)), Some((4, 1280, a)));
    assert_eq!(world.leftovers(), Vec::<String>::new());
}

#[test]
fn a_rule_that_drops_is_counted_and_the_kernel_says_why() {
    let world = World::new("drop");
    let (a, c) = (world.a(), world.c());
    world.on_node(&["iptables", "-A", "FORWARD", "-d", &c.to_string(), "-j", "DROP"]);
    let opened = world.open(true, 10_000);
    assert_eq!((opened.blind, opened.no_drops), (None, None));
    let sent = world.send(
        Some(a),
        json!([{"number": 1, "kind": "echo", "to": c, "port": 0, "source_port": 0, "bytes": 84, "count": 3, "gap_ms": 5, "wait_ms": 100}]),
    );
    assert_eq!((sent.outcomes[0].sent, sent.outcomes[0].answered), (3, 0));
    let closed = world.close();
    assert_eq!(places(&closed, |one| one.turn == Some(0)), [format!("{a} eth0 out"), "va in".to_owned(), "br0 in".to_owned()]);
    let rule = |save: &str| save.lines().find(|line| line.ends_with("-j DROP")).unwrap_or_default().to_owned();
    assert!(rule(&closed.before["iptables"]).starts_with("[0:0]"), "{:?}", closed.before);
    assert!(rule(&closed.after["iptables"]).starts_with("[3:252]"), "{:?}", closed.after);
    assert!(closed.after.contains_key(&format!("iptables {a}")) && closed.after.contains_key(&format!("nft {a}")));
    let dropped: u32 = closed.drops.iter().filter(|one| one.reason == "NETFILTER_DROP").map(|one| one.count).sum();
    assert!(dropped >= 3, "{:?}", closed.drops);
    world.wait_until_nothing_is_left();

    // What the sender's own packet filter says.
    world.on_node(&["iptables", "-A", "OUTPUT", "-d", &c.to_string(), "-j", "DROP"]);
    let sent = world.send(
        None,
        json!([
            {"number": 1, "kind": "echo", "to": c, "port": 0, "source_port": 0, "bytes": 84, "count": 2, "gap_ms": 0, "wait_ms": 100},
            {"number": 2, "kind": "echo", "to": world.gateway(), "port": 0, "source_port": 0, "bytes": 84, "count": 1, "gap_ms": 0, "wait_ms": 100},
            {"number": 3, "kind": "udp", "to": a, "port": 9, "source_port": 40001, "bytes": 2000, "count": 2, "gap_ms": 0, "wait_ms": 100},
        ]),
    );
    let told: Vec<_> = sent.outcomes.iter().map(|one| (one.sent, one.answered, one.errors.join(", "))).collect();
    assert_eq!(told, [(0, 0, "Operation not permitted".to_owned()), (1, 1, String::new()), (0, 0, "Message too long".to_owned())]);
}

#[test]
fn what_nobody_closes_ends_by_itself() {
    let world = World::new("linger");
    let opened: Opened = world.open(true, 700);
    assert_eq!((opened.blind, opened.no_drops), (None, None));
    assert_eq!(world.leftovers().len(), 2, "socket and instance: {:?}", world.leftovers());
    let again = world.open(false, 700);
    assert_eq!(again.blind, Some(format!("trace {} is open here already", world.nonce)));
    world.wait_until_nothing_is_left();
    let (code, text) = world.agent("close", &json!({"nonce": world.nonce}).to_string());
    assert_eq!((code, text.as_str()), (1, format!("magnum-agent: no trace {} is open here\n", world.nonce).as_str()));
    assert_eq!(world.agent("open", "{}").0, 2);
    assert_eq!(world.agent("watch out", "").0, 2);
    let sent = world.send(Some("192.0.2.1".parse().unwrap()), json!([]));
    assert_eq!(sent.blind.as_deref(), Some("no container here has the address 192.0.2.1"));
}
