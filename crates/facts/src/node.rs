// SPDX-License-Identifier: Apache-2.0
//! What is true on one node, one file per subject.

mod certificate;
mod config;
mod etcd;
mod firewall;
pub mod ip;
mod machine;
mod network;
mod overlay;
mod process;
mod resolver;
mod runtime;
mod unit;

pub use certificate::{BrokenCertificate, Certificate, KeyFit};
pub use config::{ConfigFile, Configs};
pub use etcd::{EtcdMember, EtcdView};
pub use firewall::{Chain, Decision, FirewallRule, Hook, Match, Packet, Ports, Proto, Rise, Ruleset, Table, Verdict};
pub use machine::{Clock, Filesystem, Killed, Memory};
pub use network::{FdbEntry, Link, Neighbour, Route, Socket, Vxlan};
pub use overlay::{OverlayLease, OverlayRegistry, SubnetEnv};
pub use process::Process;
pub use resolver::{Lookup, ServerRole};
pub use runtime::Runtime;
pub use unit::{Activity, Unit, Units};

use crate::topic::topics;
use std::collections::BTreeMap;

topics!(
    /// Everything read on one node.
    NodeFacts {
        /// systemd units that matter to a cluster, each with the end of its journal.
        units: Units = UNITS "node.units",
        /// The ends of the journals in `units` are what the journals hold. Not looked at: they are empty for want of a view.
        journals: bool = JOURNALS "node.journals",
        /// Container runtimes: whether their socket answers.
        runtimes: Vec<Runtime> = RUNTIMES "node.runtimes",
        /// Listening sockets.
        sockets: Vec<Socket> = SOCKETS "node.sockets",
        /// Network interfaces with their addresses.
        links: Vec<Link> = LINKS "node.links",
        routes: Vec<Route> = ROUTES "node.routes",
        neighbours: Vec<Neighbour> = NEIGHBOURS "node.neighbours",
        /// Forwarding entries of bridges and vxlan devices.
        fdb: Vec<FdbEntry> = FDB "node.fdb",
        /// The node's own packet filter and NAT, with counters.
        firewall: Ruleset = FIREWALL "node.firewall",
        /// What stands in the kernel's older packet filter, beside the one that `iptables` writes to.
        legacy_firewall: Ruleset = LEGACY_FIREWALL "node.legacy-firewall",
        /// `/run/flannel/subnet.env`.
        subnet_env: SubnetEnv = SUBNET_ENV "node.subnet-env",
        /// The overlay's subnet registry, as this node reads it.
        overlay: OverlayRegistry = OVERLAY "node.overlay",
        /// The etcd member on this node; masters only.
        etcd: EtcdView = ETCD "node.etcd",
        filesystems: Vec<Filesystem> = FILESYSTEMS "node.filesystems",
        memory: Memory = MEMORY "node.memory",
        certificates: Vec<Certificate> = CERTIFICATES "node.certificates",
        /// Files that should hold a certificate and do not.
        broken_certificates: Vec<BrokenCertificate> = BROKEN_CERTIFICATES "node.broken-certificates",
        /// SHA-256, in hexadecimal, of the public half of the key that signs service accounts' tokens; masters only.
        service_account: String = SERVICE_ACCOUNT "node.service-account",
        /// Processes of the node's services.
        processes: Vec<Process> = PROCESSES "node.processes",
        /// Configuration files.
        configs: Configs = CONFIGS "node.configs",
        /// Questions to the name servers that the node and its pods use.
        lookups: Vec<Lookup> = LOOKUPS "node.lookups",
        /// Kernel settings, by their dotted names.
        sysctls: BTreeMap<String, String> = SYSCTLS "node.sysctls",
        clock: Clock = CLOCK "node.clock",
    }
);
