// SPDX-License-Identifier: Apache-2.0
//! What `ip -j` and `bridge -j` print.

use super::{FdbEntry, Link, Neighbour, Route, Vxlan};
use crate::json::{list, text};
use ipnet::Ipv4Net;
use serde_json::Value;

/// `ip -j -d address show`.
pub fn links(document: &Value) -> Vec<Link> {
    document.as_array().into_iter().flatten().map(link).collect()
}

fn link(item: &Value) -> Link {
    let number = |value: Option<&Value>| value.and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    let kind = item.pointer("/linkinfo/info_kind").and_then(Value::as_str).unwrap_or_default();
    let data = item.pointer("/linkinfo/info_data");
    let vxlan = data.filter(|_| kind == "vxlan").and_then(|d| {
        let port = number(d.get("port")).and_then(|p| u16::try_from(p).ok())?;
        Some(Vxlan { vni: number(d.get("id"))?, port, local: text(d, "local").parse().ok() })
    });
    let address = |a: &Value| {
        let length = u8::try_from(a.get("prefixlen")?.as_u64()?).ok()?;
        Ipv4Net::new(text(a, "local").parse().ok()?, length).ok()
    };
    let flags = list(item, "/flags").filter_map(Value::as_str).any(|f| f == "UP");
    Link {
        name: text(item, "ifname").to_owned(),
        kind: kind.to_owned(),
        up: flags && text(item, "operstate") != "DOWN",
        mtu: number(item.get("mtu")).unwrap_or(0),
        mac: text(item, "address").to_owned(),
        master: item.get("master").and_then(Value::as_str).map(str::to_owned),
        addresses: list(item, "/addr_info").filter(|a| text(a, "family") == "inet").filter_map(address).collect(),
        vxlan,
    }
}

/// `ip -j -d route show table main`.
pub fn routes(document: &Value) -> Vec<Route> {
    let route = |item: &Value| {
        let dst = text(item, "dst");
        let to = match dst {
            "default" => None,
            net => Some(net.parse::<Ipv4Net>().ok().or_else(|| net.parse::<std::net::Ipv4Addr>().ok().map(Ipv4Net::from))?),
        };
        let kind = match text(item, "type") {
            "" => "unicast",
            kind => kind,
        };
        Some(Route { to, via: text(item, "gateway").parse().ok(), dev: text(item, "dev").to_owned(), kind: kind.to_owned() })
    };
    document.as_array().into_iter().flatten().filter_map(route).collect()
}

/// `ip -j neigh show`.
pub fn neighbours(document: &Value) -> Vec<Neighbour> {
    let neighbour = |item: &Value| {
        let state = match item.get("state") {
            Some(Value::Array(states)) => states.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
            Some(Value::String(state)) => state.clone(),
            _ => String::new(),
        };
        let mac = item.get("lladdr").and_then(Value::as_str).map(str::to_owned);
        Some(Neighbour { address: text(item, "dst").parse().ok()?, dev: text(item, "dev").to_owned(), mac, state })
    };
    document.as_array().into_iter().flatten().filter_map(neighbour).collect()
}

/// `bridge -j fdb show`.
pub fn fdb(document: &Value) -> Vec<FdbEntry> {
    let entry = |item: &Value| FdbEntry {
        mac: text(item, "mac").to_owned(),
        dev: text(item, "ifname").to_owned(),
        dst: text(item, "dst").parse().ok(),
    };
    document.as_array().into_iter().flatten().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vxlan_device_and_a_default_route_are_read() {
        let document: Value = serde_json::from_str(
            r#"[{"ifname":"flannel.1","flags":["BROADCAST","UP","LOWER_UP"],"mtu":1450,"operstate":"UNKNOWN","address":"02:00:00:00:00:01",
            "linkinfo":{"info_kind":"vxlan","info_data":{"id":1,"local":"10.0.0.10","port":8472,"learning":false}},
            "addr_info":[{"family":"inet","local":"10.100.1.0","prefixlen":32},{"family":"inet6","local":"fe80::1","prefixlen":64}]}]"#,
        )
        .unwrap();
        let links = links(&document);
        assert!(links[0].up);
        assert_eq!(links[0].vxlan.as_ref().map(|v| (v.vni, v.port)), Some((1, 8472)));
        assert_eq!(links[0].addresses.len(), 1);
        let table: Value = serde_json::from_str(r#"[{"dst":"default","gateway":"10.0.0.1","dev":"eth0"},{"dst":"10.100.2.0/24","gateway":"10.100.2.0","dev":"flannel.1"},{"type":"unreachable","dst":"169.254.0.0/16","dev":"lo"}]"#).unwrap();
        let routes = routes(&table);
        assert_eq!((routes.len(), routes[0].to, routes[2].kind.as_str()), (3, None, "unreachable"));
    }
}
