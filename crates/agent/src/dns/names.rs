// SPDX-License-Identifier: Apache-2.0
//! Which name leads where: a pure function from services and endpoints to a hosts file.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::Ipv4Addr;

/// Namespace and name.
pub type Key = (String, String);

/// All services and endpoints known.
#[derive(Debug, Default)]
pub struct Names {
    services: Option<BTreeMap<Key, Service>>,
    endpoints: Option<BTreeMap<Key, Vec<Endpoint>>>,
}

/// What of a service matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Service {
    At(Ipv4Addr),
    /// No address of its own: its endpoints' are its.
    Headless {
        with_unready: bool,
    },
    /// Another name; dnsmasq has no entry for that.
    Elsewhere,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Endpoint {
    address: Ipv4Addr,
    hostname: Option<String>,
    ready: bool,
}

impl Names {
    /// Both lists were read at least once.
    pub fn is_complete(&self) -> bool {
        self.services.is_some() && self.endpoints.is_some()
    }

    /// Takes a whole list of services.
    pub fn set_services(&mut self, list: &[Value]) {
        self.services = Some(list.iter().filter_map(|object| Some((key(object)?, service(object)))).collect());
    }

    /// Takes a whole list of endpoints.
    pub fn set_endpoints(&mut self, list: &[Value]) {
        self.endpoints = Some(list.iter().filter_map(|object| Some((key(object)?, endpoints(object)))).collect());
    }

    /// Takes one changed service; `gone` when it was deleted.
    pub fn service(&mut self, object: &Value, gone: bool) {
        let Some(key) = key(object) else { return };
        let all = self.services.get_or_insert_default();
        if gone {
            all.remove(&key);
        } else {
            all.insert(key, service(object));
        }
    }

    /// Takes changed endpoints; `gone` when they were deleted.
    pub fn endpoints(&mut self, object: &Value, gone: bool) {
        let Some(key) = key(object) else { return };
        let all = self.endpoints.get_or_insert_default();
        if gone {
            all.remove(&key);
        } else {
            all.insert(key, endpoints(object));
        }
    }

    /// The hosts file: an address and a name a line, in a stable order.
    pub fn hosts(&self, domain: &str) -> String {
        let mut lines = BTreeSet::new();
        for ((namespace, name), service) in self.services.iter().flatten() {
            let full = format!("{name}.{namespace}.svc.{domain}");
            match service {
                Service::At(address) => {
                    lines.insert((*address, full));
                }
                Service::Headless { with_unready } => {
                    let found =
                        self.endpoints.iter().flatten().filter(|(key, _)| key.0 == *namespace && key.1 == *name).flat_map(|(_, list)| list);
                    for endpoint in found.filter(|endpoint| endpoint.ready || *with_unready) {
                        lines.insert((endpoint.address, full.clone()));
                        let own = endpoint.hostname.clone().unwrap_or_else(|| endpoint.address.to_string().replace('.', "-"));
                        lines.insert((endpoint.address, format!("{own}.{full}")));
                    }
                }
                Service::Elsewhere => {}
            }
        }
        let mut text = String::new();
        for (address, name) in lines {
            let _ = writeln!(text, "{address} {name}");
        }
        text
    }
}

/// Namespace and name, if they are DNS labels as Kubernetes makes sure they are.
fn key(object: &Value) -> Option<Key> {
    let text = |field: &str| object.pointer(&format!("/metadata/{field}")).and_then(Value::as_str).filter(|text| is_label(text));
    Some((text("namespace")?.to_owned(), text("name")?.to_owned()))
}

fn is_label(text: &str) -> bool {
    !text.is_empty() && text.len() <= 63 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn service(object: &Value) -> Service {
    let spec = |field: &str| object.pointer(&format!("/spec/{field}"));
    if spec("type").and_then(Value::as_str) == Some("ExternalName") {
        return Service::Elsewhere;
    }
    let address = spec("clusterIP").and_then(Value::as_str).and_then(|ip| ip.parse().ok());
    address.map_or_else(
        || Service::Headless { with_unready: spec("publishNotReadyAddresses").and_then(Value::as_bool).unwrap_or(false) },
        Service::At,
    )
}

fn endpoints(object: &Value) -> Vec<Endpoint> {
    let list = |value: &Value, field: &str| value.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut found = Vec::new();
    for subset in list(object, "subsets") {
        for (field, ready) in [("addresses", true), ("notReadyAddresses", false)] {
            for entry in list(&subset, field) {
                let Some(address) = entry.get("ip").and_then(Value::as_str).and_then(|ip| ip.parse().ok()) else { continue };
                let hostname = entry.get("hostname").and_then(Value::as_str).filter(|name| is_label(name)).map(str::to_owned);
                found.push(Endpoint { address, hostname, ready });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn meta(name: &str) -> Value {
        json!({"namespace": "default", "name": name})
    }

    #[test]
    fn services_and_headless_services_get_their_names() {
        let mut names = Names::default();
        names.set_services(&[
            json!({"metadata": meta("web"), "spec": {"clusterIP": "10.254.3.4"}}),
            json!({"metadata": meta("db"), "spec": {"clusterIP": "None"}}),
            json!({"metadata": meta("far"), "spec": {"type": "ExternalName", "externalName": "example.org"}}),
            json!({"metadata": meta("bad\n1.2.3.4 evil"), "spec": {"clusterIP": "10.254.3.5"}}),
        ]);
        assert!(!names.is_complete());
        names.set_endpoints(&[json!({"metadata": meta("db"), "subsets": [{
            "addresses": [{"ip": "10.100.1.2", "hostname": "db-0"}, {"ip": "10.100.1.3"}], "notReadyAddresses": [{"ip": "10.100.1.4"}],
        }]})]);
        assert!(names.is_complete());
        assert_eq!(
            names.hosts("cluster.local"),
            "10.100.1.2 db-0.db.default.svc.cluster.local\n10.100.1.2 db.default.svc.cluster.local\n\
             10.100.1.3 10-100-1-3.db.default.svc.cluster.local\n10.100.1.3 db.default.svc.cluster.local\n\
             10.254.3.4 web.default.svc.cluster.local\n"
        );
        names.service(&json!({"metadata": meta("web")}), true);
        names.endpoints(&json!({"metadata": meta("db"), "subsets": null}), false);
        assert_eq!(names.hosts("cluster.local"), "");
    }
}
