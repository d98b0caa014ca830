// SPDX-License-Identifier: Apache-2.0
//! An overlay network has addresses of the nodes' own network.
//!
//! ## What you see
//! Containers on that network reach each other, but not the hosts, name servers or databases beside the nodes: packets to those addresses stay
//! in the overlay.
//!
//! ## Why it happens
//! Docker hands out 10.0.0.0/24 first unless told otherwise, and private networks (also Magnum's default fixed network) are 10.0.0.0/24 too; or
//! somebody chose the subnet by hand.
//!
//! ## What to do
//! Make the network again with another `--subnet`; for all networks to come, `docker swarm init --default-addr-pool`.

use crate::fixture::{Scene, swarm};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Subject, Verdict, blind, fires, need, quiet};
use ipnet::Ipv4Net;
use magnum_facts::Facts;
use magnum_facts::coe::{SwarmFacts, SwarmNetwork};

pub static RULE: Rule = Rule {
    id: "sw-overlay-overlap",
    layer: Layer::Swarm,
    coe: CoeKind::Swarm,
    guide: "L48-54, L399",
    symptoms: &["S7", "S8"],
    needs: &[SwarmFacts::NETWORKS],
    explains: &[],
    not_if: &[],
    set_so: true,
    check,
    cases: &[
        fires("the same network", || network("10.0.0.0/24")),
        fires("a part of it", || network("10.0.0.128/25")),
        quiet("its neighbour", || network("10.0.1.0/24")),
        blind("no manager answers", || swarm(1, 2).api_dark()),
    ],
    inject: &[Act::On {
        node: "master-0",
        argv: &[
            "bash",
            "-c",
            "docker network create -d overlay --subnet $(ip -4 route show dev eth0 scope link | grep -o '^[0-9.]*/[0-9]*' | head -1) overlapping",
        ],
    }],
    undo: &[Act::On { node: "master-0", argv: &["docker", "network", "rm", "overlapping"] }],
    ..Rule::BASE
};

fn network(subnet: &str) -> Scene {
    let subnets: Vec<Ipv4Net> = subnet.parse().into_iter().collect();
    swarm(1, 2).with(|f| {
        let network = SwarmNetwork { id: "n1".into(), name: "back".into(), subnets, ..SwarmNetwork::default() };
        f.swarm.networks.value_mut().into_iter().for_each(|all| all.push(network.clone()));
    })
}

fn check(facts: &Facts) -> Verdict {
    let (networks, own) = match (need(&facts.swarm.networks, SwarmFacts::NETWORKS), facts.cluster.layout.network_cidr) {
        (Ok(networks), Some(own)) => (networks, own),
        (Err(stop), _) => return Verdict::cluster(Err(stop)),
        (_, None) => return Verdict::cluster(Err(Stop::Quiet)),
    };
    let mut verdict = Verdict::default();
    for network in networks.value {
        let overlaps = |net: &&Ipv4Net| net.contains(&own.network()) || own.contains(&net.network());
        let Some(subnet) = network.subnets.iter().find(overlaps) else { continue };
        let subject = Subject::Object { what: "network".into(), name: network.name.clone(), nodes: Vec::new() };
        let summary = format!("The overlay network {} has addresses of the nodes' own network: {subnet} and {own}.", network.name);
        let finding = Finding::cause(subject.clone(), summary)
            .because(
                "its subnet lies in the nodes' network, or the other way round",
                [networks.cite(network.name.clone(), subnet.to_string())],
            )
            .because(format!("the nodes' network is {own}"), [facts.cluster.cite("layout network_cidr", own.to_string())])
            .fix("Make the network again with a subnet of its own, and its services with it.")
            .run(Command::new(Risk::ReadOnly, format!("docker network inspect {}", network.name)))
            .run(Command::new(Risk::ChangesCluster, format!("docker network create -d overlay --subnet OTHER-SUBNET {}-2", network.name)));
        verdict.add(subject, Ok(finding));
    }
    verdict
}
