// SPDX-License-Identifier: Apache-2.0
//! What the packet filters have counted, and the connections that they track.

use crate::command;
use crate::trace::containers::Found;
use crate::trace::namespace;
use std::collections::BTreeMap;
use std::path::Path;
use std::thread;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(2);
const MOST_CONNECTIONS: usize = 500;
/// Lists the tables of the kernel's older packet filter.
const LEGACY_TABLES: &str = "/proc/thread-self/net/ip_tables_names";

/// Rules with counters of the node and of the containers' namespaces. A program that fails is left out.
pub fn take(containers: &[Found]) -> BTreeMap<String, String> {
    let mut wanted = vec![("legacy".to_owned(), None, legacy as fn() -> Option<String>)];
    for one in std::iter::once(None).chain(containers.iter().map(Some)) {
        let whose = one.map(|one| format!(" {}", one.address)).unwrap_or_default();
        let file = one.map(|one| one.file.as_path());
        wanted.push((format!("iptables{whose}"), file, || run("iptables-save", &["-c"])));
        wanted.push((format!("nft{whose}"), file, || run("nft", &["-j", "list", "ruleset"])));
    }
    thread::scope(|scope| {
        let look = |file: Option<&Path>, program: fn() -> Option<String>| namespace::inside(file, program).ok().flatten();
        let threads: Vec<_> = wanted.into_iter().map(|(key, file, program)| (key, scope.spawn(move || look(file, program)))).collect();
        threads.into_iter().filter_map(|(key, thread)| Some((key, thread.join().ok()??))).collect()
    })
}

fn legacy() -> Option<String> {
    command::find("iptables-legacy-save").ok()?;
    match std::fs::read_to_string(LEGACY_TABLES).unwrap_or_default().trim() {
        "" => Some(String::new()),
        _ => run("iptables-legacy-save", &["-c"]),
    }
}

fn run(program: &str, words: &[&str]) -> Option<String> {
    command::run(program, words, LIMIT).ok()
}

/// The node's tracked connections that are the probes'.
pub fn connections(nonce: u32, source_ports: &[u16]) -> Vec<String> {
    let text = run("conntrack", &["-L", "-o", "extended"]).unwrap_or_default();
    text.lines().filter(|line| is_probe(line, nonce, source_ports)).take(MOST_CONNECTIONS).map(str::to_owned).collect()
}

fn is_probe(line: &str, nonce: u32, source_ports: &[u16]) -> bool {
    line.split_whitespace().any(|word| match word.split_once('=') {
        Some(("sport", port)) => port.parse().is_ok_and(|port| source_ports.contains(&port)),
        Some(("id", id)) => line.contains(" icmp ") && id.parse().is_ok_and(|id: u16| is_echo(id, nonce)),
        _ => false,
    })
}

/// Each probe has an identifier of its own, counted on from the nonce's low half.
fn is_echo(identifier: u16, nonce: u32) -> bool {
    let [_, _, high, low] = nonce.to_be_bytes();
    identifier.wrapping_sub(u16::from_be_bytes([high, low])) < 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_connections_of_probes_are_told() {
        let udp = "ipv4     2 udp      17 29 src=10.100.1.2 dst=10.254.0.10 sport=40001 dport=53 [UNREPLIED] src=10.100.2.3 dst=10.100.1.2 sport=53 dport=40001 mark=0 use=1";
        let icmp = "ipv4     2 icmp     1 29 src=10.100.1.2 dst=10.100.2.3 type=8 code=0 id=48879 src=10.100.2.3 dst=10.100.1.2 type=0 code=0 id=48879 mark=0 use=1";
        assert!(is_probe(udp, 1, &[40001]));
        assert!(!is_probe(udp, 1, &[40002]));
        assert!(is_probe(icmp, 0xdead_beef, &[]));
        assert!(!is_probe(icmp, 0xdead_bef0, &[48879]));
    }
}
