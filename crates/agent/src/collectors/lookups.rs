// SPDX-License-Identifier: Apache-2.0
//! One question by UDP and one by TCP to every name server that this node or its pods use.

use crate::collect::Collector;
use crate::dns::{PID_FILE, Reply, ask};
use crate::error::Error;
use crate::spec::{self, Questions};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::thread;
use std::time::Duration;

pub static COLLECTOR: Collector = Collector { name: "lookups", limit: Duration::from_secs(3), run };

const LIMIT: Duration = Duration::from_millis(1500);
/// The second time, within the collector's own limit.
const AGAIN: Duration = Duration::from_millis(900);

fn run() -> Result<Value, Error> {
    let spec = spec::load()?;
    let own = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let name = spec.node.name.to_string();
    let mut asked: BTreeSet<(Ipv4Addr, &'static str, String)> = servers(&own).into_iter().map(|s| (s, "node", name.clone())).collect();
    if let Some(kubernetes) = spec.kubernetes() {
        asked.insert((kubernetes.dns_address, "cluster", format!("kubernetes.default.svc.{}", kubernetes.dns_domain)));
        if spec.is_master() {
            let servers = forwarders().unwrap_or_else(|| spec.dns_servers.clone());
            asked.extend(servers.into_iter().map(|server| (server, "upstream", name.clone())));
        }
    }
    let lookups = thread::scope(|scope| {
        let running: Vec<_> = asked
            .iter()
            .map(|(server, role, name)| {
                scope.spawn(move || {
                    let [udp, tcp] = both(|tcp, limit| ask(*server, name, tcp, limit));
                    [line(*server, role, name, false, &udp), line(*server, role, name, true, &tcp)]
                })
            })
            .collect();
        running.into_iter().filter_map(|one| one.join().ok()).flatten().collect::<Vec<_>>()
    });
    Ok(json!({"lookups": lookups}))
}

/// The answers by UDP and by TCP, asked at the same time. When only TCP was answered, UDP is asked once more: a server that
/// stood still for a moment answers what waits in its queue of connections, and drops the rest.
fn both(ask: impl Fn(bool, Duration) -> Reply + Sync) -> [Reply; 2] {
    let [udp, tcp] = thread::scope(|scope| {
        let tcp = scope.spawn(|| ask(true, LIMIT));
        [ask(false, LIMIT), tcp.join().unwrap_or_default()]
    });
    let only_tcp = udp.rcode.is_empty() && !tcp.rcode.is_empty();
    [if only_tcp { ask(false, AGAIN) } else { udp }, tcp]
}

/// Where the cluster's DNS, as it runs, passes other names on to; None when it does not run.
fn forwarders() -> Option<Vec<Ipv4Addr>> {
    let pid: u32 = std::fs::read_to_string(PID_FILE).ok()?.trim().parse().ok()?;
    let words = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
    let found: Vec<Ipv4Addr> = words.split('\0').filter_map(|word| word.strip_prefix("--server=")?.parse().ok()).collect();
    words.contains("dnsmasq").then_some(found)
}

fn servers(text: &str) -> Vec<Ipv4Addr> {
    text.lines().filter_map(|line| line.trim().strip_prefix("nameserver")?.trim().parse().ok()).collect()
}

fn line(server: Ipv4Addr, role: &str, name: &str, tcp: bool, reply: &Reply) -> Value {
    json!({
        "server": server.to_string(), "role": role, "name": name, "protocol": if tcp { "tcp" } else { "udp" },
        "rcode": reply.rcode, "answers": reply.answers, "error": reply.error, "ms": reply.ms,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn udp_is_lost_when_it_is_lost_twice_while_tcp_is_answered() {
        let answer = || Reply { rcode: "NOERROR".to_owned(), answers: 1, ..Reply::default() };
        let lost = || Reply { error: "timed out".to_owned(), ..Reply::default() };
        // What UDP gets the first and the second time, what TCP gets; whether UDP counts as answered, how often it was asked.
        for (first, second, tcp, answered, times) in
            [(true, true, true, true, 1), (false, true, true, true, 2), (false, false, true, false, 2), (false, true, false, false, 1)]
        {
            let asked = AtomicUsize::new(0);
            let [udp, _] = both(|by_tcp, _| {
                let good = if by_tcp { tcp } else { [first, second][asked.fetch_add(1, Ordering::Relaxed).min(1)] };
                if good { answer() } else { lost() }
            });
            assert_eq!((!udp.rcode.is_empty(), asked.into_inner()), (answered, times), "{first} {second} {tcp}");
        }
    }

    #[test]
    fn servers_are_read_and_comments_are_not() {
        assert_eq!(servers("# nameserver 1.1.1.1\nsearch a b\nnameserver 10.0.0.1\n nameserver\t10.0.0.2\n").len(), 2);
    }
}
