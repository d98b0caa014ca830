// SPDX-License-Identifier: Apache-2.0
//! What is different when packets go to a service's address: a node gives each connection to one of the backends.

use crate::cause::Found;
use crate::endpoint::{Endpoint, Sort, resolve};
use crate::judge::Inputs;
use crate::round::{Connection, Round};
use crate::wire::{Kind, Probe};
use magnum_facts::coe::Pod;
use magnum_facts::node::{FirewallRule, Ruleset};
use std::net::Ipv4Addr;

/// One connection to a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub probe: Probe,
    /// Whom it was given to; none = the address was not translated where anybody could see it.
    pub backend: Option<Ipv4Addr>,
    pub port: Option<u16>,
}

/// Every connection of the round.
pub(crate) fn calls(round: &Round, to: &Endpoint) -> Vec<Call> {
    let lines = || round.closed.values().filter_map(|c| c.as_ref().ok()).flat_map(|c| &c.connections);
    let tracked = |probe: &Probe| {
        lines()
            .filter_map(|l| Connection::read(l))
            .find(|c| c.source_port == probe.source_port && c.destination == to.address && c.back_source != to.address)
    };
    let seen = |probe: &Probe| {
        let all = round.closed.values().filter_map(|c| c.as_ref().ok()).flat_map(|c| &c.sightings);
        let first = |s: &&crate::wire::Sighting| {
            s.kind == Some(probe.kind)
                && s.source_port == probe.source_port
                && !s.reply
                && s.error.is_none()
                && (probe.kind != Kind::Tcp || s.flags == "S")
        };
        all.into_iter()
            .filter(first)
            .filter(|s| s.destination.is_some_and(|d| d != to.address))
            .find_map(|s| Some((s.destination?, s.port)))
    };
    let call = |probe: &Probe| {
        let to = tracked(probe).map(|c| (c.back_source, c.back_source_port)).or_else(|| seen(probe));
        Call { probe: probe.clone(), backend: to.map(|t| t.0), port: to.map(|t| t.1) }
    };
    round.probes.iter().map(call).collect()
}

/// The backend as an end of a path.
pub(crate) fn as_endpoint(inputs: &Inputs<'_>, address: Ipv4Addr) -> Endpoint {
    let port = inputs.to.backends.iter().find(|b| b.address == address).map(|b| b.port);
    let end = resolve(&address.to_string(), inputs.facts)
        .unwrap_or_else(|_| Endpoint::plain(Sort::Address, &address.to_string(), address, None, port));
    if end.sort != Sort::Address {
        return Endpoint { port, ..end };
    }
    // Nobody has the address: it belongs to the node whose part of the overlay it is in.
    let owner = inputs.facts.nodes.iter().find(|(_, n)| n.subnet_env.value().is_some_and(|e| e.subnet.trunc().contains(&address)));
    Endpoint { port, node: owner.map(|(name, _)| name.clone()), container: owner.is_some(), ..end }
}

/// Whom a connection should have been given to: one on another node, when there is one.
pub(crate) fn expected(inputs: &Inputs<'_>) -> Endpoint {
    let all = &inputs.to.backends;
    let far = all.iter().find(|b| b.node != inputs.from.node).or_else(|| all.first());
    far.map_or_else(|| Endpoint { node: None, ..inputs.to.clone() }, |b| as_endpoint(inputs, b.address))
}

/// The target answered that nobody listens.
pub(crate) fn refused(round: &Round, call: &Call) -> bool {
    round.outcome(&call.probe).is_some_and(crate::wire::Outcome::is_refused)
}

/// How the connections were shared out, in words.
pub(crate) fn spread(calls: &[Call], inputs: &Inputs<'_>) -> Vec<String> {
    let mut all = Vec::new();
    let mut addresses: Vec<Ipv4Addr> = calls.iter().filter_map(|c| c.backend).collect();
    addresses.sort();
    addresses.dedup();
    for address in addresses {
        let own: Vec<&Call> = calls.iter().filter(|c| c.backend == Some(address)).collect();
        let ok = own.iter().filter(|c| inputs.first.outcome(&c.probe).is_some_and(|o| o.answered > 0)).count();
        let name = as_endpoint(inputs, address).name;
        all.push(format!("{} of {} connections were given to {name} ({address}), {ok} answered", own.len(), calls.len()));
    }
    all
}

/// The rules of the source's node that translate the service's address.
struct Nat<'a> {
    node: String,
    rules: Option<Ruleset>,
    inputs: &'a Inputs<'a>,
}

impl<'a> Nat<'a> {
    fn of(inputs: &'a Inputs<'a>) -> Option<Self> {
        let node = inputs.from.node.clone()?;
        let closed = inputs.first.closed.get(&node)?.as_ref().ok()?;
        Some(Self { rules: closed.after.get("iptables").map(|text| Ruleset::from_iptables_save(text)), node, inputs })
    }

    fn find(&self, table: &str, fits: impl Fn(&FirewallRule) -> bool) -> Option<String> {
        let table = self.rules.as_ref()?.table(table)?;
        table.chains.iter().flat_map(|c| &c.rules).find(|r| fits(r)).map(|r| r.text.clone())
    }

    /// The rule that a packet to the service's address and port takes.
    fn portal(&self) -> Option<String> {
        let (address, port) = (format!("-d {}/32 ", self.inputs.to.address), format!("--dport {} ", self.inputs.to.port.unwrap_or(0)));
        self.find("nat", |r| {
            r.text.starts_with("-A KUBE-SERVICES ")
                && r.text.contains(&address)
                && format!("{} ", r.text).contains(&port)
                && r.text.contains("KUBE-SVC-")
        })
    }

    fn command(&self) -> String {
        format!("magnum node exec {} {} -- iptables-save -t nat", self.inputs.facts.cluster.name, self.node)
    }

    fn restart(&self) -> String {
        format!("magnum node exec {} {} -- systemctl restart kube-proxy", self.inputs.facts.cluster.name, self.node)
    }
}

/// What is wrong with the service itself, before any path is looked at.
pub(crate) fn cause(inputs: &Inputs<'_>, call: &Call) -> Option<Found> {
    let nat = Nat::of(inputs)?;
    let to = inputs.to;
    let named = |id: &str, found: Found| Some(Found { id: id.to_owned(), ..found });
    let (address, port) = (to.address, to.port.unwrap_or(0));
    if to.backends.is_empty() {
        let reject = nat.find("filter", |r| r.text.contains(&format!("-d {address}/32 ")) && r.text.contains("has no endpoints"));
        let found = Found::new(format!("the service {} has no endpoint: no ready pod fits its selector", to.name))
            .fault("kp-no-endpoints")
            .seen("kubectl get endpoints", "no ready address")
            .fix("Compare the service's selector with the pods' labels, and see why the pods are not ready.");
        let found = if let Some(rule) = reject { found.seen(nat.command().replace("-t nat", "-t filter"), rule) } else { found };
        return named("no-endpoints", found);
    }
    let Some(backend) = call.backend else {
        if nat.rules.is_none() || nat.portal().is_some() {
            return None;
        }
        let found = Found::new(format!("{} does not translate {address}:{port}: it has no rule for the service", nat.node))
            .fault("kp-down")
            .seen(nat.command(), format!("no line of KUBE-SERVICES with -d {address}/32 and --dport {port}"))
            .fix("Look at kube-proxy on that node: it writes these rules.")
            .run(nat.restart());
        return named("no-dnat", found);
    };
    let known = to.backends.iter().any(|b| b.address == backend);
    let pods = inputs.facts.kubernetes.pods.value()?;
    let pod = pods.iter().find(|p: &&Pod| p.ip.as_deref() == Some(&backend.to_string()));
    if !known {
        let rule = nat.find("nat", |r| r.text.contains("DNAT") && r.text.contains(&format!("{backend}:")));
        let what = match pod {
            Some(pod) => format!("{}, which is not among the service's endpoints", pod.path()),
            None => "an address that no pod has".to_owned(),
        };
        let found = Found::new(format!("{} still gives connections to {backend}: {what}", nat.node))
            .fault("kp-stale-rules")
            .seen(nat.command(), rule.unwrap_or_else(|| "a rule that is gone by now".to_owned()))
            .seen("kubectl get endpoints", to.backends.iter().map(|b| b.address.to_string()).collect::<Vec<_>>().join(", "))
            .fix("Look at kube-proxy on that node: it does not follow the API.")
            .run(nat.restart());
        return named("stale-endpoint", found);
    }
    if pod.is_none() && !to.backends.iter().any(|b| b.address == backend && (b.host_network || !b.pod.is_empty())) {
        let found = Found::new(format!("the service's endpoints hold {backend}, and no pod has this address"))
            .fault("kp-stale-rules")
            .seen("kubectl get endpoints", backend.to_string())
            .seen("kubectl get pods -A -o wide", format!("no pod with {backend}"))
            .fix("Remove the address from the endpoints, or see why the controller manager does not.");
        return named("stale-endpoint", found);
    }
    if inputs.from.container && backend == inputs.from.address {
        return hairpin(inputs, &nat, backend).and_then(|found| named("hairpin", found));
    }
    None
}

/// The pod was given a connection to itself: its packets must come back by the port that they left by.
fn hairpin(inputs: &Inputs<'_>, nat: &Nat<'_>, own: Ipv4Addr) -> Option<Found> {
    let (node, container) = inputs.first.container(own)?;
    let marked = nat.find("nat", |r| {
        r.text.starts_with("-A KUBE-SEP-") && r.text.contains(&format!("-s {own}/32 ")) && r.text.contains("KUBE-MARK-MASQ")
    });
    let found = Found::new(match (container.hairpin, &marked) {
        (_, None) => {
            format!("{own} was given its own connection, and its address is not masqueraded: it answers itself, past the node")
        }
        (Some(false), _) => {
            format!("{own} was given its own connection, and {} does not send packets back by the port they came from", container.peer)
        }
        _ => return None,
    });
    let cluster = &inputs.facts.cluster.name;
    Some(
        found
            .fault("kp-hairpin")
            .seen(
                format!("magnum node exec {cluster} {node} -- ip -d link show {}", container.peer),
                format!("hairpin {}", if container.hairpin == Some(true) { "on" } else { "off" }),
            )
            .seen(nat.command(), marked.unwrap_or_else(|| "no KUBE-MARK-MASQ for the pod's own address".to_owned()))
            .fix("Set hairpinMode in the CNI configuration (or the kubelet's hairpinMode), and make the pods anew.")
            .run(format!("magnum node exec {cluster} {node} -- ip link set {} type bridge_slave hairpin on", container.peer)),
    )
}

/// Every packet arrived, and nobody listens where the service leads to.
pub(crate) fn wrong_target(inputs: &Inputs<'_>, call: &Call) -> Option<Found> {
    let (backend, port) = (call.backend?, call.port?);
    let pods = inputs.facts.kubernetes.pods.value()?;
    let pod = pods.iter().find(|p| p.ip.as_deref() == Some(&backend.to_string()))?;
    let declared: Vec<String> = pod.containers.iter().flat_map(|c| &c.ports).map(u16::to_string).collect();
    let declares = if declared.is_empty() { "declares no port".to_owned() } else { format!("declares {}", declared.join(", ")) };
    Some(Found {
        id: "target-port".to_owned(),
        ..Found::new(format!("nothing listens at {backend}:{port}, where the service leads to; {} {declares}", pod.path()))
            .fault("kp-target-port")
            .seen(format!("TCP {backend}:{port}"), "connection refused")
            .fix("Set the service's targetPort to the port that the program listens at, or the program to that port.")
    })
}
