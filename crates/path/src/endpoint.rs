// SPDX-License-Identifier: Apache-2.0
//! What a user calls an end of a path, and where it is.

use magnum_facts::Facts;
use magnum_facts::coe::{Pod, Service, SwarmTask};
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// What kind of thing an end of a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    Node,
    Pod,
    Service,
    /// A container of a swarm's service.
    Task,
    /// An address that is none of these.
    Address,
}

/// An end of a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    pub sort: Sort,
    /// `node-0`, `default/web-1`, `198.51.100.7`.
    pub name: String,
    pub address: Ipv4Addr,
    /// The node it is, or is on; none for services and addresses outside.
    pub node: Option<String>,
    /// It has a network namespace of its own.
    pub container: bool,
    pub port: Option<u16>,
    /// The service speaks UDP at that port.
    #[serde(default)]
    pub udp: bool,
    /// What a service should lead to.
    #[serde(default)]
    pub backends: Vec<Backend>,
}

/// One address behind a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backend {
    /// `default/web-1`; empty when no pod has the address.
    pub pod: String,
    pub address: Ipv4Addr,
    pub port: u16,
    pub node: Option<String>,
    pub host_network: bool,
}

/// Finds what `text` names: `node-0`, `web-1`, `default/web-1`, `pod/…`, `svc/…`, `node/…`, an address, each with `:PORT`.
/// The error says what was looked for, and where.
pub fn resolve(text: &str, facts: &Facts) -> Result<Endpoint, String> {
    let (name, port) = split_port(text)?;
    let (sort, name) = split_sort(name);
    if name.is_empty() {
        return Err(format!("{text:?} names nothing: give a node, a pod, a service or an address"));
    }
    let wants = |this: Sort| sort.is_none_or(|s| s == this);
    if let (true, Ok(address)) = (sort.is_none(), name.parse::<Ipv4Addr>()) {
        return Ok(of_address(address, port, facts));
    }
    if wants(Sort::Node)
        && let Some(member) = facts.cluster.member(name)
    {
        let address = member.address.ok_or_else(|| format!("node {name} has no address yet"))?;
        return Ok(Endpoint::plain(Sort::Node, name, address, Some(name.to_owned()), port));
    }
    let (mut pods, mut services) = (Vec::new(), Vec::new());
    if wants(Sort::Pod) {
        pods = named(facts.kubernetes.pods.value(), name, |p| (&p.namespace, &p.name));
    }
    if wants(Sort::Service) {
        services = named(facts.kubernetes.services.value(), name, |s| (&s.namespace, &s.name));
    }
    if facts.cluster.coe.is_swarm() && wants(Sort::Task) {
        return of_task(text, name, port, facts);
    }
    match (pods.as_slice(), services.as_slice()) {
        ([pod], []) => of_pod(pod, port),
        ([], [service]) => of_service(service, port, facts),
        ([], []) => Err(unknown(text, name, facts)),
        _ => {
            let names =
                pods.iter().map(|p| format!("pod/{}", p.path())).chain(services.iter().map(|s| format!("svc/{}/{}", s.namespace, s.name)));
            Err(format!("{text:?} is not one thing; say which: {}", names.collect::<Vec<_>>().join(", ")))
        }
    }
}

fn split_port(text: &str) -> Result<(&str, Option<u16>), String> {
    let Some((name, port)) = text.rsplit_once(':') else { return Ok((text, None)) };
    match port.parse::<u16>() {
        Ok(number) if number > 0 => Ok((name, Some(number))),
        _ => Err(format!("{text:?}: {port:?} is not a port; give a number from 1 to 65535")),
    }
}

fn split_sort(name: &str) -> (Option<Sort>, &str) {
    let sort = name.split_once('/').and_then(|(word, rest)| {
        let sort = match word {
            "node" | "no" => Sort::Node,
            "pod" | "po" => Sort::Pod,
            "svc" | "service" => Sort::Service,
            "task" => Sort::Task,
            _ => return None,
        };
        Some((sort, rest))
    });
    sort.map_or((None, name), |(sort, rest)| (Some(sort), rest))
}

/// Those with this name; `NAMESPACE/NAME` in one namespace. A name in `default` is taken before the same name elsewhere.
fn named<'a, T>(all: Option<&'a Vec<T>>, name: &str, of: impl Fn(&'a T) -> (&'a String, &'a String)) -> Vec<&'a T> {
    let fits = |item: &&'a T| {
        let (namespace, own) = of(item);
        match name.split_once('/') {
            Some((space, short)) => namespace == space && own == short,
            None => own == name,
        }
    };
    let found: Vec<&T> = all.into_iter().flatten().filter(fits).collect();
    match found.iter().find(|item| of(item).0 == "default") {
        Some(item) => vec![*item],
        None => found,
    }
}

/// A task of a swarm's service: `web.2`; `web` when there is one only.
fn of_task(text: &str, name: &str, port: Option<u16>, facts: &Facts) -> Result<Endpoint, String> {
    let Some(all) = facts.swarm.tasks.value() else {
        return Err(format!("{text:?} is no node, and no manager answered what tasks there are; give an address instead"));
    };
    let running: Vec<(&SwarmTask, Ipv4Addr)> = all.iter().filter_map(|t| Some((t, t.reached_at()?))).collect();
    let fits = |t: &SwarmTask| t.name() == name || t.service == name || (t.id.starts_with(name) && name.len() > 5);
    let found: Vec<_> = running.iter().filter(|(t, _)| fits(t)).collect();
    let names = |tasks: &mut dyn Iterator<Item = &SwarmTask>| tasks.map(SwarmTask::name).collect::<Vec<_>>().join(", ");
    match found.as_slice() {
        [(task, address)] => Ok(Endpoint { port, ..Endpoint::task(task, *address) }),
        [] if running.is_empty() => {
            Err(format!("{text:?} is no node or task of the cluster; no task with an address in an overlay network runs"))
        }
        [] => Err(format!("{text:?} is no node or task of the cluster; there are {}", names(&mut running.iter().map(|r| r.0).take(5)))),
        many => Err(format!("{text:?} is not one thing; say which: {}", names(&mut many.iter().map(|r| r.0)))),
    }
}

fn unknown(text: &str, name: &str, facts: &Facts) -> String {
    if facts.kubernetes.pods.value().is_none() && facts.cluster.coe == magnum_types::Coe::Kubernetes {
        return format!("{text:?} is no node, and the Kubernetes API did not answer what pods there are; give an address instead");
    }
    let own = |n: &str| n.rsplit('/').next().unwrap_or_default().to_owned();
    let pods = facts.kubernetes.pods.value().into_iter().flatten().map(Pod::path);
    let near: Vec<String> = pods.filter(|p| own(p).starts_with(&own(name)) && !own(name).is_empty()).take(3).collect();
    let hint = if near.is_empty() { String::new() } else { format!("; there are {}", near.join(", ")) };
    format!("{text:?} is no node, pod or service of the cluster{hint}")
}

fn of_address(address: Ipv4Addr, port: Option<u16>, facts: &Facts) -> Endpoint {
    if let Some(member) = facts.cluster.members.iter().find(|m| m.address == Some(address)) {
        return Endpoint::plain(Sort::Node, &member.name, address, Some(member.name.clone()), port);
    }
    let text = address.to_string();
    let pods = facts.kubernetes.pods.value().into_iter().flatten();
    if let Some(pod) = pods.into_iter().find(|p| !p.host_network && p.ip.as_ref() == Some(&text)) {
        return Endpoint { port, container: true, ..Endpoint::plain(Sort::Pod, &pod.path(), address, pod.node.clone(), port) };
    }
    let tasks = facts.swarm.tasks.value().into_iter().flatten();
    if let Some(task) = tasks.into_iter().find(|t| t.addresses.contains(&address)) {
        return Endpoint { port, ..Endpoint::task(task, address) };
    }
    let services = facts.kubernetes.services.value().into_iter().flatten();
    if let Some(service) = services.into_iter().find(|s| s.cluster_ip.as_ref() == Some(&text))
        && let Ok(endpoint) = of_service(service, port, facts)
    {
        return endpoint;
    }
    Endpoint::plain(Sort::Address, &text, address, None, port)
}

fn of_pod(pod: &Pod, port: Option<u16>) -> Result<Endpoint, String> {
    let Some(address) = pod.ip.as_deref().and_then(|ip| ip.parse().ok()) else {
        return Err(format!("pod {} has no address yet: it is {}; ask magnum doctor CLUSTER --symptom pending", pod.path(), pod.phase));
    };
    let end = Endpoint::plain(Sort::Pod, &pod.path(), address, pod.node.clone(), port);
    Ok(Endpoint { container: !pod.host_network, ..end })
}

fn of_service(service: &Service, port: Option<u16>, facts: &Facts) -> Result<Endpoint, String> {
    let name = format!("{}/{}", service.namespace, service.name);
    let Some(address) = service.cluster_ip.as_deref().and_then(|ip| ip.parse().ok()) else {
        return Err(format!("service {name} has no cluster address ({}): ask for one of its pods", service.kind));
    };
    let one = match port {
        Some(number) => service.ports.iter().find(|p| p.port == number).ok_or_else(|| {
            let all: Vec<String> = service.ports.iter().map(|p| p.port.to_string()).collect();
            format!("service {name} has no port {number}; it has {}", all.join(", "))
        })?,
        None => service.ports.first().ok_or_else(|| format!("service {name} has no port"))?,
    };
    let end = Endpoint::plain(Sort::Service, &name, address, None, Some(one.port));
    Ok(Endpoint { udp: one.protocol == "UDP", backends: backends(service, &one.target, facts), ..end })
}

/// What the endpoints object lists, each with its pod.
fn backends(service: &Service, target: &str, facts: &Facts) -> Vec<Backend> {
    let all = facts.kubernetes.endpoints.value().into_iter().flatten();
    let Some(own) = all.into_iter().find(|e| e.namespace == service.namespace && e.name == service.name) else { return Vec::new() };
    let pods: Vec<&Pod> = facts.kubernetes.pods.value().into_iter().flatten().collect();
    let wanted = target.parse::<u16>().ok().filter(|t| own.ports.contains(t));
    let Some(port) = wanted.or_else(|| own.ports.first().copied()) else { return Vec::new() };
    let backend = |address: &magnum_facts::coe::EndpointAddress| {
        let pod = pods.iter().find(|p| p.ip.as_ref() == Some(&address.ip) && p.deleting_since.is_none());
        Some(Backend {
            pod: pod.map(|p| p.path()).unwrap_or_default(),
            address: address.ip.parse().ok()?,
            port,
            node: pod.and_then(|p| p.node.clone()).or_else(|| address.node.clone()),
            host_network: pod.is_some_and(|p| p.host_network)
                || facts.cluster.members.iter().any(|m| m.address.map(|a| a.to_string()).as_ref() == Some(&address.ip)),
        })
    };
    own.ready.iter().filter_map(backend).collect()
}

impl Endpoint {
    pub(crate) fn plain(sort: Sort, name: &str, address: Ipv4Addr, node: Option<String>, port: Option<u16>) -> Self {
        Self { sort, name: name.to_owned(), address, node, container: false, port, udp: false, backends: Vec::new() }
    }

    /// A swarm's task at one of its addresses.
    pub(crate) fn task(task: &SwarmTask, address: Ipv4Addr) -> Self {
        let end = Self::plain(Sort::Task, &task.name(), address, Some(task.node.clone()), None);
        Self { container: true, ..end }
    }

    /// `pod default/web-1 (10.100.1.5 on node-0)`.
    pub fn describe(&self) -> String {
        let sort = match self.sort {
            Sort::Node => "node",
            Sort::Pod => "pod",
            Sort::Service => "service",
            Sort::Task => "task",
            Sort::Address => return self.name.clone(),
        };
        let on = match (&self.node, self.sort) {
            (Some(node), Sort::Pod | Sort::Task) => format!(" on {node}"),
            _ => String::new(),
        };
        let port = self.port.map(|p| format!(":{p}")).unwrap_or_default();
        format!("{sort} {} ({}{port}{on})", self.name, self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use magnum_rules::fixture;

    #[test]
    fn names_are_found_and_wrong_ones_are_told_with_a_remedy() {
        let facts = fixture::kubernetes(1, 2).0;
        let pod = facts.kubernetes.pods.value().unwrap().iter().find(|p| !p.host_network && p.ip.is_some()).unwrap().clone();
        let service = facts.kubernetes.services.value().unwrap().iter().find(|s| s.cluster_ip.is_some()).unwrap().clone();
        let ok = |text: &str| resolve(text, &facts).unwrap();
        assert_eq!((ok("node-1").sort, ok("node-1").node.as_deref()), (Sort::Node, Some("node-1")));
        assert_eq!(ok("node/node-1:10250").port, Some(10250));
        assert_eq!(ok(&pod.path()).sort, Sort::Pod);
        assert_eq!(ok(pod.ip.as_ref().unwrap()), Endpoint { container: true, ..ok(&format!("pod/{}", pod.path())) });
        let found = ok(&format!("svc/{}/{}", service.namespace, service.name));
        assert_eq!((found.sort, found.port), (Sort::Service, Some(service.ports[0].port)));
        assert!(!found.backends.is_empty());
        assert_eq!(ok("198.51.100.7:53").sort, Sort::Address);
        for (text, says) in [
            ("node-9", "is no node, pod or service"),
            ("web:http", "is not a port"),
            ("web:0", "is not a port"),
            ("", "names nothing"),
            ("pod/", "names nothing"),
            (&format!("svc/{}/{}:9", service.namespace, service.name), "has no port 9; it has"),
        ] {
            let error = resolve(text, &facts).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn tasks_are_called_by_their_number_or_their_node() {
        let task = |id: &str, service: &str, slot, node: &str, last: u8| SwarmTask {
            id: id.into(),
            service: service.into(),
            node: node.into(),
            state: "running".into(),
            slot,
            addresses: vec![[10, 128, 1, last].into()],
            ..SwarmTask::default()
        };
        let mut facts = fixture::swarm(1, 2).0;
        let source = facts.cluster.source.clone();
        let tasks = vec![
            task("aaaaaaa", "web", Some(1), "node-0", 2),
            task("bbbbbbb", "web", Some(2), "node-1", 3),
            task("ccccccc", "log", None, "node-0", 4),
        ];
        facts.swarm.tasks = magnum_facts::Fact::seen(tasks, source);
        let name = |text: &str| resolve(text, &facts).map(|end| end.name);
        for (text, wanted) in
            [("web.2", "web.2"), ("log", "log.node-0"), ("log.node-0", "log.node-0"), ("10.128.1.4", "log.node-0"), ("bbbbbbb", "web.2")]
        {
            assert_eq!(name(text).as_deref(), Ok(wanted), "{text}");
        }
        assert!(name("web").unwrap_err().ends_with("say which: web.1, web.2"));
        assert!(name("dns").unwrap_err().ends_with("there are web.1, web.2, log.node-0"));
        let (ends, _) = crate::ends(&facts);
        let tasks: Vec<_> = ends.iter().filter(|e| e.sort == Sort::Task).map(|e| e.name.as_str()).collect();
        assert_eq!(tasks, ["web.1", "web.2"], "one of each node, by a name that can be asked for");
    }
}
