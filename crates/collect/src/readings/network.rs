// SPDX-License-Identifier: Apache-2.0
//! Sockets, interfaces, routes, neighbours.

use crate::parse::{list, text};
use crate::reading::{Answer, Reading};
use magnum_facts::node::{NodeFacts, Socket, ip};
use serde_json::Value;

pub(crate) static READING: Reading = Reading { names: |_, _| &["sockets", "links", "routes", "neigh", "fdb"], read };

fn read(facts: &mut NodeFacts, answer: &Answer<'_>) {
    facts.sockets = answer.fact("sockets", "ss -lntup", |v| list(v, "/listeners").filter_map(socket).collect());
    facts.links = answer.fact("links", "ip -d address show", ip::links);
    facts.routes = answer.fact("routes", "ip route show", ip::routes);
    facts.neighbours = answer.fact("neigh", "ip neigh show", ip::neighbours);
    facts.fdb = answer.fact("fdb", "bridge fdb show", ip::fdb);
}

fn socket(item: &Value) -> Option<Socket> {
    Some(Socket {
        protocol: text(item, "protocol").to_owned(),
        address: text(item, "address").parse().ok()?,
        port: item.get("port").and_then(Value::as_u64).and_then(|n| u16::try_from(n).ok())?,
        process: text(item, "program").to_owned(),
    })
}
