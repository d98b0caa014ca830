// SPDX-License-Identifier: Apache-2.0
//! The words of a packet filter, the same for both tools.

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

/// All tables of one network namespace.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ruleset {
    pub tables: Vec<Table>,
}

/// One table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// `filter`, `nat`; for nftables with the family: `inet magnum`.
    pub name: String,
    pub chains: Vec<Chain>,
}

/// Where the kernel enters a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hook {
    Prerouting,
    Input,
    Forward,
    Output,
    Postrouting,
}

/// One chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chain {
    pub name: String,
    /// None = only reached by jumps.
    pub hook: Option<Hook>,
    /// What happens at the end of a base chain.
    pub policy: Option<Verdict>,
    /// Packets that fell through to the policy, where counted.
    #[serde(default)]
    pub policy_packets: Option<u64>,
    pub rules: Vec<FirewallRule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FirewallRule {
    /// As its tool prints it, without counters.
    pub text: String,
    pub matches: Vec<Match>,
    pub verdict: Verdict,
    #[serde(default)]
    pub packets: Option<u64>,
    #[serde(default)]
    pub bytes: Option<u64>,
}

/// What a rule or policy does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "lowercase")]
pub enum Verdict {
    Accept,
    Drop,
    /// Drop, and tell the sender.
    Reject,
    Jump {
        chain: String,
    },
    Goto {
        chain: String,
    },
    Return,
    /// Counts, marks, logs, translates: the packet goes on to the next rule.
    Continue,
}

/// A transport protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Proto {
    Tcp,
    Udp,
    Icmp,
    Other,
}

impl Proto {
    /// Reads the tools' words.
    pub fn from_word(word: &str) -> Self {
        match word {
            "tcp" | "6" => Proto::Tcp,
            "udp" | "17" => Proto::Udp,
            "icmp" | "1" => Proto::Icmp,
            _ => Proto::Other,
        }
    }
}

/// Port ranges, inclusive.
pub type Ports = Vec<(u16, u16)>;

/// One condition of a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "match", rename_all = "kebab-case")]
pub enum Match {
    Protocol {
        is: Proto,
        not: bool,
    },
    DestinationPort {
        ports: Ports,
        not: bool,
    },
    SourcePort {
        ports: Ports,
        not: bool,
    },
    Source {
        nets: Vec<Ipv4Net>,
        not: bool,
    },
    Destination {
        nets: Vec<Ipv4Net>,
        not: bool,
    },
    InInterface {
        name: String,
        not: bool,
    },
    OutInterface {
        name: String,
        not: bool,
    },
    /// Connection states, lower case: `new`, `established`, `related`, `invalid`.
    State {
        states: Vec<String>,
        not: bool,
    },
    /// One of several protocols.
    Protocols {
        any: Vec<Proto>,
        not: bool,
    },
    /// The frame's type: `ip`, `arp`.
    EtherType {
        is: String,
        not: bool,
    },
    /// Only packets that follow others: replies remembered in a set, later fragments.
    Later {
        text: String,
    },
    /// A mark set earlier on the packet's way.
    Mark {
        value: u32,
        mask: u32,
        not: bool,
    },
    /// A condition that is not understood here, as printed.
    Unknown {
        text: String,
    },
}

impl Ruleset {
    /// The table of this name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|t| t.name == name)
    }

    /// The chain of this name in the table of this name.
    pub fn chain(&self, table: &str, chain: &str) -> Option<&Chain> {
        self.table(table)?.chain(chain)
    }

    /// What both tools print of one namespace. A table of `iptables-nft` is in both views; iptables' is kept.
    #[must_use]
    pub fn merged(mut iptables: Ruleset, nft: Ruleset) -> Ruleset {
        let standard = ["filter", "nat", "mangle", "raw", "security"];
        let fresh = nft.tables.into_iter().filter(|t| match t.name.split_once(' ') {
            Some(("ip", name)) => iptables.table(name).is_none(),
            Some(("ip6", name)) => !standard.contains(&name),
            _ => true,
        });
        let fresh: Vec<_> = fresh.collect();
        iptables.tables.extend(fresh);
        iptables
    }
}

impl Table {
    /// The chain of this name.
    pub fn chain(&self, name: &str) -> Option<&Chain> {
        self.chains.iter().find(|c| c.name == name)
    }
}
