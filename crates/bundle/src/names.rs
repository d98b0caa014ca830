// SPDX-License-Identifier: Apache-2.0
//! Other names for nodes and the cluster, and other addresses. The same name gives the same pseudonym, in every bundle
//! of one cluster; addresses of one network stay in one network.
//!
//! Of an IPv4 address the first half is replaced and the second kept, so that `.0` and `.1` keep their meaning. Networks
//! that mean the same everywhere (loopback, link-local, 198.18.0.0/15, masks) stay as they are.

use crate::text::{replace_word, runs};
use crate::walk::Clean;
use magnum_facts::ClusterView;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Names shorter than this are words of other texts, too.
const SHORT: usize = 3;

/// Gives pseudonyms.
#[derive(Debug)]
pub(crate) struct Names {
    /// Real name and pseudonym, the longest first.
    words: Vec<(String, String)>,
    /// The cluster's own name, when it is short.
    short: Option<String>,
    key: u64,
    networks: BTreeMap<[u8; 2], u8>,
    uuids: BTreeMap<String, usize>,
    hardware: BTreeMap<String, usize>,
    wide: BTreeMap<String, usize>,
}

impl Names {
    pub fn of(cluster: &ClusterView) -> Self {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut members: Vec<_> = cluster.members.iter().collect();
        members.sort_by(|a, b| a.name.cmp(&b.name));
        let mut words: Vec<(String, String)> = Vec::new();
        for member in members {
            let kind = if member.role == magnum_types::Role::Master { "m" } else { "n" };
            let count = counts.entry(kind).or_default();
            words.push((member.name.clone(), format!("host-{kind}{count}")));
            *count += 1;
        }
        let short = cluster.name.len() < SHORT;
        if !short {
            words.push((cluster.name.clone(), CLUSTER.to_owned()));
        }
        words.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
        let key =
            mixed(cluster.uuid.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)));
        Self {
            words,
            short: short.then(|| cluster.name.clone()),
            key,
            networks: BTreeMap::new(),
            uuids: BTreeMap::new(),
            hardware: BTreeMap::new(),
            wide: BTreeMap::new(),
        }
    }

    /// A short cluster name is only replaced where a command or a field names it.
    fn cluster(&self, text: &str) -> String {
        let Some(name) = &self.short else { return text.to_owned() };
        if text == name {
            return CLUSTER.to_owned();
        }
        if !text.contains(name.as_str()) {
            return text.to_owned();
        }
        let before = [
            "cluster show",
            "cluster delete",
            "cluster resize",
            "cluster config",
            "timeline",
            "doctor",
            "node exec",
            "node console",
            "node list",
            "node start",
            "node stop",
            "ca show",
            "cluster",
        ];
        before.iter().fold(text.to_owned(), |text, word| replace_word(&text, &format!("{word} {name}"), &format!("{word} {CLUSTER}")))
    }

    /// Addresses, hardware addresses and uuids of one text.
    fn addresses(&mut self, text: &str) -> String {
        let count = |sign: u8| text.bytes().filter(|b| *b == sign).count();
        if count(b'.') < 3 && count(b':') < 2 && count(b'-') < 4 {
            return text.to_owned();
        }
        let found = runs(text, |c| c.is_ascii_hexdigit() || c == '.' || c == ':' || c == '-');
        let mut out = String::with_capacity(text.len());
        for (at, (kind, run)) in found.iter().enumerate() {
            let neighbour = |index: Option<usize>| index.and_then(|i| found.get(i)).map_or("", |(_, run)| *run);
            let before = neighbour(at.checked_sub(1)).chars().next_back();
            let after = neighbour(Some(at + 1));
            // A word of letters that are hexadecimal digits by chance.
            let inside = before.is_some_and(char::is_alphanumeric) || after.starts_with(char::is_alphanumeric);
            if !kind {
                out.push_str(run);
                continue;
            }
            let length = after.strip_prefix('/').map(|_| neighbour(Some(at + 2)));
            let length =
                length.and_then(|digits| digits.split(|c: char| !c.is_ascii_digit()).next()).and_then(|digits| digits.parse().ok());
            out.push_str(&if inside { self.parts(run, length) } else { self.run(run, length) });
        }
        out
    }

    /// One run of characters: an address as a whole, or with ports and dots around it.
    fn run(&mut self, run: &str, length: Option<u8>) -> String {
        let core = run.trim_matches(['.', '-']).trim_end_matches(':');
        let (Some(start), true) = (run.find(core), !core.is_empty()) else { return run.to_owned() };
        let (head, tail) = (run.get(..start).unwrap_or_default(), run.get(start + core.len()..).unwrap_or_default());
        let new = if is_uuid(core) {
            Some(format!("00000000-0000-4000-8000-{:012}", number(&mut self.uuids, core)))
        } else if is_hardware(core) {
            Some(self.hardware(core))
        } else if core.matches(':').count() >= 2 {
            core.parse::<Ipv6Addr>().ok().map(|address| self.wide(address))
        } else {
            None
        };
        match new {
            Some(new) => format!("{head}{new}{tail}"),
            None => self.parts(run, length),
        }
    }

    /// IPv4 addresses, with whatever stands around them.
    fn parts(&mut self, run: &str, length: Option<u8>) -> String {
        let found = runs(run, |c| c.is_ascii_digit() || c == '.');
        let mut out = String::with_capacity(run.len());
        for (kind, part) in found {
            let core = part.trim_matches('.');
            match core.parse::<Ipv4Addr>() {
                Ok(address) if kind => out.push_str(&part.replace(core, &self.narrow(address, length).to_string())),
                _ => out.push_str(part),
            }
        }
        out
    }

    fn narrow(&mut self, address: Ipv4Addr, length: Option<u8>) -> Ipv4Addr {
        let [a, b, c, d] = address.octets();
        let (first, second) = match (a, b) {
            (0 | 127 | 224..=255, _) | (169, 254) | (198, 18 | 19) | (192, 168) => return address,
            (100, 64..=127) => (a, self.flipped(a, b, 2)),
            (172, 16..=31) => (a, self.flipped(a, b, 4)),
            (10, _) => (a, self.flipped(a, b, 0)),
            _ => {
                let next = u8::try_from(self.networks.len()).unwrap_or(u8::MAX);
                (203, *self.networks.entry([a, b]).or_insert(next))
            }
        };
        let kept = u32::from(Ipv4Addr::new(first, second, c, d));
        match length {
            // The address of a network keeps its zeros.
            Some(bits @ 1..=15) if u32::from(address) << bits == 0 => Ipv4Addr::from(kept & (u32::MAX << (32 - bits))),
            _ => Ipv4Addr::from(kept),
        }
    }

    /// Another number that shares as many leading bits with others as `octet` does; the first `fixed` bits stay.
    fn flipped(&self, family: u8, octet: u8, fixed: u8) -> u8 {
        (fixed..8).fold(octet, |out, depth| {
            let prefix = octet.checked_shr(u32::from(8 - depth)).unwrap_or(0);
            let seed = self.key ^ (u64::from(family) << 32) ^ (u64::from(depth) << 16) ^ u64::from(prefix);
            out ^ if mixed(seed) & 1 == 1 { 0x80 >> depth } else { 0 }
        })
    }

    fn hardware(&mut self, text: &str) -> String {
        let lower = text.to_ascii_lowercase();
        if lower == "00:00:00:00:00:00" || lower.starts_with("ff:ff:") || lower.starts_with("33:33:") || lower.starts_with("01:") {
            return text.to_owned();
        }
        let n = number(&mut self.hardware, &lower);
        format!("02:00:00:00:{:02x}:{:02x}", n >> 8 & 0xff, n & 0xff)
    }

    fn wide(&mut self, address: Ipv6Addr) -> String {
        let well_known = address.is_loopback() || address.is_unspecified() || address.is_multicast();
        match address.segments() {
            _ if well_known => address.to_string(),
            [0xfe80, 0, 0, 0, 0, 0, 0, 0] => address.to_string(),
            [0xfe80, ..] => format!("fe80::{:x}", number(&mut self.wide, &address.to_string())),
            _ => format!("fd00::{:x}", number(&mut self.wide, &address.to_string())),
        }
    }
}

/// The cluster's name in a bundle.
const CLUSTER: &str = "the-cluster";

impl Clean for Names {
    fn text(&mut self, text: &str) -> String {
        let named = self.words.iter().fold(self.cluster(text), |text, (from, to)| replace_word(&text, from, to));
        self.addresses(&named)
    }
}

fn number(known: &mut BTreeMap<String, usize>, text: &str) -> usize {
    let next = known.len() + 1;
    *known.entry(text.to_owned()).or_insert(next)
}

fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

fn is_hardware(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    parts.len() == 6 && parts.iter().all(|part| part.len() == 2 && part.chars().all(|c| c.is_ascii_hexdigit()))
}

/// Mixes all bits of a number (splitmix64).
fn mixed(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
