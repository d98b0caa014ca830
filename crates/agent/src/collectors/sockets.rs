// SPDX-License-Identifier: Apache-2.0
//! Who listens where, read from /proc without any program.

use crate::collect::Collector;
use crate::error::Error;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

pub static COLLECTOR: Collector = Collector { name: "sockets", limit: Duration::from_secs(5), run };

/// States in /proc/net: a listening TCP socket, and a UDP socket without a peer.
const TABLES: [(&str, &str, &str); 4] = [("tcp", "tcp", "0A"), ("tcp", "tcp6", "0A"), ("udp", "udp", "07"), ("udp", "udp6", "07")];

fn run() -> Result<Value, Error> {
    let owners = owners();
    let mut listeners = Vec::new();
    for (protocol, table, state) in TABLES {
        let Ok(text) = fs::read_to_string(format!("/proc/net/{table}")) else { continue };
        for (address, port, inode) in text.lines().skip(1).filter_map(|line| entry(line, state)) {
            let owner = owners.get(&inode);
            listeners.push(json!({
                "protocol": protocol, "address": address.to_string(), "port": port,
                "pid": owner.map(|(pid, _)| pid), "program": owner.map(|(_, name)| name),
            }));
        }
    }
    Ok(json!({"listeners": listeners}))
}

fn entry(line: &str, wanted: &str) -> Option<(IpAddr, u16, u64)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (address, port) = words.get(1)?.split_once(':')?;
    if *words.get(3)? != wanted {
        return None;
    }
    Some((address_of(address)?, u16::from_str_radix(port, 16).ok()?, words.get(9)?.parse().ok()?))
}

/// The kernel prints the address as 32-bit words in the machine's byte order.
fn address_of(text: &str) -> Option<IpAddr> {
    let words: Vec<u32> = (0..text.len() / 8).filter_map(|i| u32::from_str_radix(text.get(i * 8..i * 8 + 8)?, 16).ok()).collect();
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    if let Ok(four) = <[u8; 4]>::try_from(bytes.as_slice()) {
        return Some(IpAddr::V4(Ipv4Addr::from(four)));
    }
    <[u8; 16]>::try_from(bytes.as_slice()).ok().map(|sixteen| IpAddr::V6(Ipv6Addr::from(sixteen)))
}

/// Socket inode to process.
fn owners() -> BTreeMap<u64, (u32, String)> {
    let mut found = BTreeMap::new();
    let processes = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    for pid in processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()) {
        let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().filter_map(Result::ok);
        let links = files.filter_map(|file| fs::read_link(file.path()).ok());
        let inodes: Vec<u64> = links.filter_map(|link| link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()).collect();
        if !inodes.is_empty() {
            let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned();
            // A socket that systemd holds for a service belongs to the service once it runs.
            found.extend(inodes.into_iter().map(|inode| (inode, (pid, name.clone()))));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_lines_are_read() {
        let line = "   0: 0100007F:18EB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0";
        assert_eq!(entry(line, "0A"), Some((IpAddr::V4(Ipv4Addr::LOCALHOST), 6379, 4711)));
        assert_eq!(entry(line, "07"), None);
        assert_eq!(address_of("00000000000000000000000001000000"), Some(IpAddr::V6(Ipv6Addr::LOCALHOST)));
    }
}
