// SPDX-License-Identifier: Apache-2.0
//! One question by UDP and one by TCP to every name server that this node or its pods use.

use crate::collect::Collector;
use crate::dns::{PID_FILE, Reply, TIMED_OUT, ask};
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
/// A server that is being started again is asked again this often, after this long each time, and with this limit.
const RESTARTS: usize = 2;
const RESTART: Duration = Duration::from_millis(300);

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
                    let [udp, tcp] = patient(|tcp, limit| ask(*server, name, tcp, limit), || thread::sleep(RESTART));
                    [line(*server, role, name, false, &udp), line(*server, role, name, true, &tcp)]
                })
            })
            .collect();
        running.into_iter().filter_map(|one| one.join().ok()).flatten().collect::<Vec<_>>()
    });
    Ok(json!({"lookups": lookups}))
}

/// The answers by UDP and by TCP; a server that refuses both may just be starting again, as a network's does when it gets a
/// new node.
fn patient(ask: impl Fn(bool, Duration) -> Reply + Sync, wait: impl Fn()) -> [Reply; 2] {
    let mut replies = both(&ask, LIMIT);
    for _ in 0..RESTARTS {
        let refused = replies.iter().all(|reply| reply.rcode.is_empty()) && replies[1].error != TIMED_OUT;
        if !refused {
            break;
        }
        wait();
        replies = both(&ask, RESTART);
    }
    replies
}

/// The answers by UDP and by TCP, asked at the same time. When only TCP was answered, UDP is asked once more: a server that
/// stood still for a moment answers what waits in its queue of connections, and drops the rest.
fn both(ask: &(impl Fn(bool, Duration) -> Reply + Sync), limit: Duration) -> [Reply; 2] {
    let [udp, tcp] = thread::scope(|scope| {
        let tcp = scope.spawn(|| ask(true, limit));
        [ask(false, limit), tcp.join().unwrap_or_default()]
    });
    let only_tcp = udp.rcode.is_empty() && !tcp.rcode.is_empty();
    [if only_tcp { ask(false, AGAIN.min(limit)) } else { udp }, tcp]
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
            let ask = |by_tcp, _| {
                let good = if by_tcp { tcp } else { [first, second][asked.fetch_add(1, Ordering::Relaxed).min(1)] };
                if good { answer() } else { lost() }
            };
            let [udp, _] = both(&ask, LIMIT);
            assert_eq!((!udp.rcode.is_empty(), asked.into_inner()), (answered, times), "{first} {second} {tcp}");
        }
    }

    #[test]
    fn a_server_that_is_being_started_again_is_waited_for_and_one_that_is_away_is_not() {
        let reply = |rcode: &str, error: &str| Reply { rcode: rcode.to_owned(), error: error.to_owned(), ..Reply::default() };
        // After how many waits it answers, what TCP gets until then; whether it counts as answering, how often it was waited for.
        for (starts, until, answers, waits) in [
            (0, "connection refused", true, 0),
            (1, "connection refused", true, 1),
            (2, "connection reset by peer", true, 2),
            (3, "connection refused", false, 2),
            (1, TIMED_OUT, false, 0),
        ] {
            let waited = AtomicUsize::new(0);
            let ask = |tcp, _| match waited.load(Ordering::Relaxed) >= starts {
                true => reply("NOERROR", ""),
                false => reply("", if tcp { until } else { "connection refused" }),
            };
            let replies = patient(ask, || {
                waited.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!((replies.iter().all(|r| !r.rcode.is_empty()), waited.into_inner()), (answers, waits), "{starts} {until}");
        }
    }

    #[test]
    fn servers_are_read_and_comments_are_not() {
        assert_eq!(servers("# nameserver 1.1.1.1\nsearch a b\nnameserver 10.0.0.1\n nameserver\t10.0.0.2\n").len(), 2);
    }
}
