// SPDX-License-Identifier: Apache-2.0
//! Echo requests and TCP connections from one node to others, sent by plain programs on the node.

use crate::collector::Context;
use crate::node::exec;
use crate::parse::ping::{self, Echo};
use magnum_facts::{Facts, PairProbe, Reach, Why, WhyKind};
use magnum_types::{Coe, NodeName};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

/// A node with the address it is probed at.
pub(crate) type Target = (NodeName, Ipv4Addr);

/// No node sends to more than this many others; with more nodes, each asks its next neighbours, and all are asked.
const PEERS: usize = 8;

// The addresses are arguments, never part of the script. A TCP connection is tried beside the echo requests, not after
// them: where ICMP is dropped on purpose it is the only answer, and a dead path is known after one second.
const PROBE: &str = r#"n=$1; i=$2; w=$3; p=$4; shift 4
for a in "$@"; do
  ping -n -q -c "$n" -i "$i" -W "$w" "$a" &
  if [ "$p" != 0 ]; then
    ( m=$(timeout 1 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$a" "$p" 2>&1); echo "tcp $a $? $m" ) &
  fi
done
wait"#;

/// Tries TCP connections, each given as address and port, all at once.
const SCRIPT_TCP: &str = r#"while [ $# -ge 2 ]; do
  ( m=$(timeout 1 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>&1); echo "to $1 $2 $? $m" ) &
  shift 2
done
wait"#;

/// Tries a TCP connection from a node to each of these, all at once: how each that was tried ended.
pub(crate) async fn connect(context: &Context, from: &NodeName, to: &[(Ipv4Addr, u16)]) -> Result<BTreeMap<(Ipv4Addr, u16), Reach>, Why> {
    let words: Vec<String> = to.iter().flat_map(|(address, port)| [address.to_string(), port.to_string()]).collect();
    let mut argv = vec!["bash", "-c", SCRIPT_TCP, "probe"];
    argv.extend(words.iter().map(String::as_str));
    let done = exec(context, from, &argv, Duration::from_millis(2500)).await?;
    let text = String::from_utf8_lossy(&done.stdout);
    let ended = |(address, port): &(Ipv4Addr, u16)| {
        let rest = text.lines().find_map(|line| line.strip_prefix(&format!("to {address} {port} ")))?;
        connection(&format!("tcp {address} {rest}")).map(|(_, reach)| ((*address, *port), reach))
    };
    Ok(to.iter().filter_map(ended).collect())
}

/// What was found by those that could look; the last reason when none could, or when there was nobody to look.
pub(crate) fn gather<T>(answers: Vec<Result<Vec<T>, Why>>, nobody: &str) -> Result<Vec<T>, Why> {
    let (mut all, mut any, mut last) = (Vec::new(), false, Why::new(WhyKind::Unreachable, nobody));
    for answer in answers {
        match answer {
            Ok(found) => {
                all.extend(found);
                any = true;
            }
            Err(why) => last = why,
        }
    }
    if any { Ok(all) } else { Err(last) }
}

/// What is sent to each address.
pub(crate) struct Shots {
    pub(crate) count: u32,
    /// Seconds between two, and to wait for the last answer, as `ping` reads them.
    pub(crate) gap: &'static str,
    pub(crate) wait: &'static str,
    /// A TCP connection to this port, too; 0 = none.
    pub(crate) port: u16,
}

/// Probes each address, all at once: what was echoed, and how the TCP connections ended.
pub(crate) async fn shoot(
    context: &Context,
    from: &NodeName,
    to: &[Ipv4Addr],
    shots: &Shots,
) -> Result<(Vec<Echo>, BTreeMap<Ipv4Addr, Reach>), Why> {
    let (count, port) = (shots.count.to_string(), shots.port.to_string());
    let addresses: Vec<String> = to.iter().map(Ipv4Addr::to_string).collect();
    let mut argv = vec!["bash", "-c", PROBE, "probe", count.as_str(), shots.gap, shots.wait, port.as_str()];
    argv.extend(addresses.iter().map(String::as_str));
    let done = exec(context, from, &argv, Duration::from_millis(2500)).await?;
    let text = String::from_utf8_lossy(&done.stdout);
    let echoes = ping::summaries(&text);
    if echoes.is_empty() {
        let said = String::from_utf8_lossy(&done.stderr);
        return Err(Why::new(WhyKind::Unreachable, format!("ping on {from}: {}", said.lines().last().unwrap_or("said nothing"))));
    }
    Ok((echoes, text.lines().filter_map(connection).collect()))
}

fn connection(line: &str) -> Option<(Ipv4Addr, Reach)> {
    let (address, rest) = line.strip_prefix("tcp ")?.split_once(' ')?;
    let (code, said) = rest.split_once(' ').unwrap_or((rest, ""));
    let reach = match (code, said) {
        ("0", _) => Reach::Connected,
        ("124", _) => Reach::TimedOut,
        (_, said) if said.contains("refused") => Reach::Refused,
        (_, said) if said.contains("No route") || said.contains("unreachable") => Reach::NoRoute,
        (_, said) if said.contains("timed out") => Reach::TimedOut,
        (_, said) => Reach::Other { detail: said.chars().take(200).collect() },
    };
    Some((address.parse().ok()?, reach))
}

/// A port on which every healthy node answers.
pub(crate) fn common_port(coe: Coe) -> u16 {
    if coe == Coe::Kubernetes { 10250 } else { 7946 }
}

/// Probes all pairs: three echo requests and a TCP connection each.
pub(crate) async fn pairs(context: &Context, targets: &[Target]) -> Result<Vec<PairProbe>, Why> {
    let each = targets.iter().enumerate().map(|(index, (from, _))| {
        let peers: Vec<&Target> = (1..targets.len()).take(PEERS).filter_map(|step| targets.get((index + step) % targets.len())).collect();
        one(context, from, peers)
    });
    let mut failed = None;
    let mut all = Vec::new();
    for result in futures::future::join_all(each).await {
        match result {
            Ok(pairs) => all.extend(pairs),
            Err(why) => failed = Some(why),
        }
    }
    match failed {
        Some(why) if all.is_empty() => Err(why),
        _ => Ok(all),
    }
}

async fn one(context: &Context, from: &NodeName, peers: Vec<&Target>) -> Result<Vec<PairProbe>, Why> {
    let addresses: Vec<Ipv4Addr> = peers.iter().map(|(_, a)| *a).collect();
    let shots = Shots { count: 3, gap: "0.02", wait: "0.7", port: common_port(context.world.cluster.coe) };
    let (echoes, tcp) = shoot(context, from, &addresses, &shots).await?;
    let pair = |(to, address): &&Target| {
        let echo = echoes.iter().find(|e| e.address == *address)?;
        Some(PairProbe {
            from: from.to_string(),
            to: to.to_string(),
            address: address.to_string(),
            sent: echo.sent,
            received: echo.received,
            rtt_us: echo.rtt_us,
            tcp: tcp.get(address).cloned(),
        })
    };
    Ok(peers.iter().filter_map(pair).collect())
}

/// Nodes with their overlay addresses: the device's own, or what the overlay's registry says of them.
pub(crate) fn overlay_targets(facts: &Facts) -> Vec<Target> {
    let registered = |address: Option<Ipv4Addr>| {
        let leases = facts.nodes.values().filter_map(|n| n.overlay.value()).flat_map(|r| &r.leases);
        leases.into_iter().find(|l| Some(l.public_ip) == address).map(|l| l.subnet.network())
    };
    let target = |m: &magnum_facts::MemberView| {
        let links = facts.nodes.get(&m.name).and_then(|n| n.links.value());
        let device =
            links.and_then(|l| l.iter().find(|l| l.name.starts_with("flannel"))).and_then(|l| l.addresses.first()).map(|a| a.addr());
        Some((NodeName::parse(&m.name).ok()?, device.or_else(|| registered(m.address))?))
    };
    facts.cluster.members.iter().filter_map(target).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bash_says_how_a_connection_ended() {
        let cases = [
            ("tcp 10.0.0.5 0 ", Reach::Connected),
            ("tcp 10.0.0.5 124 ", Reach::TimedOut),
            ("tcp 10.0.0.5 1 bash: connect: Connection refused 10.0.0.5: /dev/tcp/10.0.0.5/1: Connection refused", Reach::Refused),
            ("tcp 10.0.0.5 1 bash: connect: No route to host", Reach::NoRoute),
        ];
        for (line, reach) in cases {
            assert_eq!(connection(line), Some(("10.0.0.5".parse().unwrap(), reach)), "{line}");
        }
        assert_eq!(connection("noise"), None);
    }
}
