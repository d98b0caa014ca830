// SPDX-License-Identifier: Apache-2.0
//! `magnum doctor path`: the hops, the matrix, and which cluster is meant.

use crate::fixture::Fixture;
use insta::assert_snapshot;
use serde_json::{Value, json};

fn end(sort: &str, name: &str, address: &str, node: &str) -> Value {
    json!({"sort": sort, "name": name, "address": address, "node": node, "container": sort == "pod", "port": null})
}

fn trace() -> Value {
    let hop = |guide: Option<u8>, node: &str, device: &str, there: Option<u16>, after: Option<&str>, before: Option<&str>| {
        json!({"guide": guide, "node": node, "device": device, "container": null, "mtu": 1450, "there": there, "back": there.map(|_| 0),
               "lost_after": after, "lost_before": before})
    };
    json!({
        "schema": "magnum.path/v1", "cluster": "c1", "at": "2026-01-02T03:04:05Z", "duration_ms": 1234,
        "from": end("pod", "default/a", "10.100.1.5", "node-0"), "to": end("pod", "default/b", "10.100.2.6", "node-1"),
        "outcome": "lost", "exit": 1, "summary": "packets get lost between docker0 on node-0 and flannel.1 on node-0: \u{1b}[2Ja rule",
        "hops": [hop(Some(1), "node-0", "docker0", Some(3), Some("there"), None), hop(Some(2), "node-0", "flannel.1", Some(0), None, Some("there")),
                 hop(Some(5), "node-1", "flannel.1", None, None, None)],
        "probes": [{"what": "ICMP", "bytes": 84, "sent": 3, "answered": 0, "rtt_us": null, "errors": []}],
        "translations": [], "also": [], "ruled_out": ["docker0 on node-0 is up"], "not_seen": ["flannel.1 on node-1: no agent"],
        "cause": {"id": "firewall", "text": "a rule", "fault": "fl-udp-port-blocked", "evidence": [{"what": "iptables-save -c", "value": "3 -> 103"}],
                  "remedy": "Remove the rule.", "commands": ["iptables -D FORWARD 1"]},
    })
}

#[tokio::test]
async fn a_path_is_told_hop_by_hop() {
    let mut server = Fixture::start().await;
    server.on("POST /v1/clusters/c1/paths", 200, trace());
    assert_snapshot!("path_lost", server.magnum(&["doctor", "path", "--cluster", "c1", "a", "b"]).await.seen());
    let asked = server.asked();
    assert_eq!(asked.last().unwrap().body, json!({"from": "a", "to": "b"}));
    let ended = server.magnum(&["doctor", "path", "--cluster", "c1", "a", "b", "-o", "json"]).await;
    assert_eq!((ended.code, ended.json()), (1, trace()));
    server.utf8 = false;
    let ascii = server.magnum(&["doctor", "path", "--cluster", "c1", "a", "b"]).await;
    assert!(ascii.out.starts_with("x LOST") && ascii.out.chars().filter(|c| *c != '\u{fffd}').all(|c| c.is_ascii()), "{}", ascii.out);
}

#[tokio::test]
async fn a_matrix_is_a_table_and_says_what_does_not_work() {
    let server = Fixture::start().await;
    let cell = |from: &str, to: &str, outcome: &str, summary: &str| json!({"from": from, "to": to, "outcome": outcome, "rtt_us": 140, "summary": summary});
    let matrix = json!({
        "schema": "magnum.path-matrix/v1", "cluster": "c1", "at": "2026-01-02T03:04:05Z", "duration_ms": 950, "exit": 1,
        "ends": [end("node", "node-0", "10.0.0.11", "node-0"), end("node", "node-1", "10.0.0.12", "node-1")],
        "cells": [cell("node-0", "node-1", "works", ""), cell("node-1", "node-0", "lost", "packets from node-1 get lost")],
        "left_out": ["master-0: no pod with an address of its own runs there"],
    });
    server.on("POST /v1/clusters/c1/paths", 200, matrix);
    assert_snapshot!("path_matrix", server.magnum(&["doctor", "path", "--cluster", "c1", "--matrix"]).await.seen());
}

#[tokio::test]
async fn the_cluster_may_be_left_out_when_there_is_one() {
    let server = Fixture::start().await;
    server.on("GET /v1/clusters", 200, json!({"clusters": [{"uuid": "u1", "name": "c1"}]}));
    server.on("POST /v1/clusters/u1/paths", 200, trace());
    assert_eq!(server.magnum(&["doctor", "path", "a", "b"]).await.code, 1);
    let server = Fixture::start().await;
    server.on("GET /v1/clusters", 200, json!({"clusters": [{"uuid": "u1", "name": "c1"}, {"uuid": "u2", "name": "c2"}]}));
    let ended = server.magnum(&["doctor", "path", "a", "b"]).await;
    assert_eq!(ended.code, 64);
    assert!(ended.err.contains("there are 2 clusters: c1, c2") && ended.err.contains("--cluster"), "{}", ended.err);
    for args in [&["doctor", "path", "a"][..], &["doctor", "path", "--matrix", "a", "b"]] {
        assert_eq!(server.magnum(args).await.code, 64, "{args:?}");
    }
}
