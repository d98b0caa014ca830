// SPDX-License-Identifier: Apache-2.0
//! Each cause at its gap, and the look-alike beside it: the same loss with that part in order names nothing.

#![allow(clippy::unwrap_used, clippy::panic)] // a made-up scene that does not fit is the test's own fault

#[path = "made_up/mod.rs"]
mod made_up;

use ipnet::Ipv4Net;
use made_up::{A, B, scene};
use magnum_facts::Facts;
use magnum_facts::node::{Link, NodeFacts, Route};
use magnum_path::{Outcome, Round};
use serde_json::json;
use std::net::IpAddr;

type Break = fn(&mut Facts, &mut Round);

fn node<'a>(facts: &'a mut Facts, name: &str) -> &'a mut NodeFacts {
    facts.nodes.get_mut(name).unwrap()
}

fn link<'a>(facts: &'a mut Facts, name: &str, device: &str) -> &'a mut Link {
    node(facts, name).links.value_mut().unwrap().iter_mut().find(|l| l.name == device).unwrap()
}

fn sysctl(facts: &mut Facts, name: &str, key: &str, value: &str) {
    node(facts, name).sysctls.value_mut().unwrap().insert(key.to_owned(), value.to_owned());
}

fn refuse(facts: &mut Facts, name: &str, to: std::net::Ipv4Addr) {
    let route = Route { to: Some(Ipv4Net::from(to)), via: None, dev: String::new(), kind: "blackhole".into() };
    node(facts, name).routes.value_mut().unwrap().push(route);
}

/// How many devices pass the packets before they get lost, what is broken, and what must be named.
const CASES: &[(usize, Break, &str)] = &[
    (0, |_, r| inside(r, "node-0", |c| c.routes = json!([])), "no-route"),
    (0, |_, r| inside(r, "node-0", |c| c.links[0]["flags"] = json!(["BROADCAST"])), "device-down"),
    (0, |_, r| inside(r, "node-0", |c| c.links[0]["flags"] = json!(["UP", "NO-CARRIER"])), "device-down"),
    (2, |f, _| link(f, "node-0", "veth1").master = None, "port-detached"),
    (3, |f, _| link(f, "node-0", "flannel.1").up = false, "device-down"),
    (3, |f, _| node(f, "node-0").links.value_mut().unwrap().retain(|l| l.name != "flannel.1"), "device-down"),
    (3, |f, _| sysctl(f, "node-0", "net.ipv4.ip_forward", "0"), "ip-forward"),
    (3, |f, _| refuse(f, "node-0", B), "no-route"),
    (3, |f, _| node(f, "node-0").neighbours.value_mut().unwrap().clear(), "neighbour"),
    (4, |f, _| node(f, "node-0").fdb.value_mut().unwrap().clear(), "forwarding-entry"),
    (4, |f, _| refuse(f, "node-0", [10, 0, 0, 12].into()), "no-route"),
    (6, |f, _| link(f, "node-1", "flannel.1").vxlan.as_mut().unwrap().vni = 7, "overlay-mismatch"),
    (6, |f, _| link(f, "node-1", "flannel.1").up = false, "device-down"),
    (7, |f, _| sysctl(f, "node-1", "net.ipv4.ip_forward", "0"), "ip-forward"),
    (
        7,
        |f, _| {
            sysctl(f, "node-1", "net.ipv4.conf.all.rp_filter", "1");
            refuse(f, "node-1", A);
        },
        "reverse-path",
    ),
    (
        10,
        |f, _| {
            let all = node(f, "node-1").neighbours.value_mut().unwrap();
            let mut wrong = all[0].clone();
            (wrong.address, wrong.dev, wrong.mac) = (IpAddr::V4(B), "docker0".into(), Some("02:00:00:00:00:99".into()));
            all.push(wrong);
        },
        "neighbour",
    ),
    (10, |_, r| inside(r, "node-1", |c| c.routes = json!([{"dst": "10.100.2.0/24", "dev": "eth0"}])), "no-route"),
    (13, |f, _| refuse(f, "node-1", A), "no-route"),
    (14, |f, _| node(f, "node-1").fdb.value_mut().unwrap().clear(), "forwarding-entry"),
    (17, |f, _| refuse(f, "node-0", A), "no-route"),
];

fn inside(round: &mut Round, node: &str, change: impl Fn(&mut magnum_path::wire::Container)) {
    let Some(Ok(opened)) = round.opened.get_mut(node) else { panic!("{node} is not open") };
    opened.containers.iter_mut().for_each(change);
}

#[test]
fn each_is_named_at_its_gap_with_evidence_and_a_remedy() {
    for (index, (passed, broken, wanted)) in CASES.iter().enumerate() {
        let mut scene = scene(|_| *passed);
        broken(&mut scene.facts, &mut scene.first);
        let trace = scene.judge(None);
        let found = trace.cause.clone().unwrap_or_else(|| panic!("{index}: {wanted} is not named: {}", trace.summary));
        assert_eq!(found.id, *wanted, "{index}: {}", trace.summary);
        assert!(!found.evidence.is_empty() && !found.remedy.is_empty(), "{index}: {found:?}");
        assert_eq!((trace.outcome, trace.exit), (Outcome::Lost, 1), "{index}");
    }
}

#[test]
fn none_is_named_at_a_gap_that_it_has_nothing_to_do_with() {
    // Lost between the nodes, while something is wrong on neither side of it.
    for (index, (passed, broken, wanted)) in CASES.iter().enumerate().filter(|(_, (passed, ..))| *passed < 4 || *passed > 6) {
        let mut scene = scene(|_| 5);
        broken(&mut scene.facts, &mut scene.first);
        let trace = scene.judge(None);
        assert_eq!(trace.cause, None, "{index}: {wanted} at {passed} is accused elsewhere: {}", trace.summary);
    }
}
