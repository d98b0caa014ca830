// SPDX-License-Identifier: Apache-2.0
//! What a rule is.

use crate::case::Case;
use crate::verdict::Verdict;
use magnum_facts::{Citation, Facts, Topic};
use magnum_types::Coe;
use std::fmt;

/// Where a fault lies. Ordered from the ground up: of two causes, the lower one is told first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    Magnum,
    Keystone,
    Heat,
    Nova,
    Neutron,
    Cinder,
    Glance,
    Barbican,
    Octavia,
    Boot,
    Internet,
    Tls,
    Runtime,
    Etcd,
    Overlay,
    Control,
    Node,
    Service,
    Dns,
    Storage,
    Swarm,
    Mesos,
    Workload,
}

impl Layer {
    /// The word in reports; also the folder of its rules.
    pub fn as_str(self) -> &'static str {
        match self {
            Layer::Magnum => "magnum",
            Layer::Keystone => "keystone",
            Layer::Heat => "heat",
            Layer::Nova => "nova",
            Layer::Neutron => "neutron",
            Layer::Cinder => "cinder",
            Layer::Glance => "glance",
            Layer::Barbican => "barbican",
            Layer::Octavia => "octavia",
            Layer::Boot => "boot",
            Layer::Internet => "internet",
            Layer::Tls => "tls",
            Layer::Runtime => "runtime",
            Layer::Etcd => "etcd",
            Layer::Overlay => "overlay",
            Layer::Control => "control",
            Layer::Node => "node",
            Layer::Service => "service",
            Layer::Dns => "dns",
            Layer::Storage => "storage",
            Layer::Swarm => "swarm",
            Layer::Mesos => "mesos",
            Layer::Workload => "workload",
        }
    }
}

/// What a rule's findings are when they fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Something is broken.
    Fault,
    /// It works, but will fail or is risky.
    Risk,
}

/// Which COE a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoeKind {
    Any,
    Kubernetes,
    Swarm,
}

impl CoeKind {
    /// Whether a rule of this kind says anything about a cluster of that COE.
    pub fn fits(self, coe: Coe) -> bool {
        match self {
            CoeKind::Any => true,
            CoeKind::Kubernetes => coe == Coe::Kubernetes,
            CoeKind::Swarm => coe.is_swarm(),
        }
    }
}

/// Knowledge about one fault.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The fault's public, permanent id; also the name of the rule's file.
    pub id: &'static str,
    pub layer: Layer,
    pub class: Class,
    pub coe: CoeKind,
    /// Lines of the Troubleshooting Guide this rule carries out, e.g. `L268`.
    pub guide: &'static str,
    /// The guide's symptoms it can be behind: `S1` to `S20`.
    pub symptoms: &'static [&'static str],
    /// What it reads.
    pub needs: &'static [Topic],
    /// Faults that follow from this one: folded under it when they fire on the same subject. `kn-*` names a family.
    pub explains: &'static [&'static str],
    /// Somebody set it so: no other fault brings it about. It follows only from faults that name it, not from those that
    /// name its family.
    pub set_so: bool,
    /// Look-alikes that win: when one of them fires on the same subject, this one is not told.
    pub not_if: &'static [&'static str],
    pub check: fn(&Facts) -> Verdict,
    /// How far this fault is from happening, for a healthy report.
    pub near: fn(&Facts) -> Vec<Near>,
    /// Facts on which it must fire, be quiet, or say that it cannot see.
    pub cases: &'static [Case],
    /// How to bring the fault about on a real cluster of one master and two nodes, and how to mend it.
    pub inject: &'static [Act],
    pub undo: &'static [Act],
    /// The cluster that the injection needs.
    pub ward: Ward,
    /// Why the fault cannot be brought about on real nodes here; then it has cases only. Empty when `inject` does it.
    pub not_injected: &'static str,
}

/// A cluster on which faults are brought about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ward {
    /// One master and two nodes.
    Small,
    /// Three masters and one node: for faults that need others to survive them.
    Masters,
}

impl Rule {
    /// What most rules have in common: `Rule { id, …, ..Rule::BASE }`.
    pub const BASE: Rule = Rule {
        id: "",
        layer: Layer::Magnum,
        class: Class::Fault,
        coe: CoeKind::Any,
        guide: "",
        symptoms: &[],
        needs: &[],
        explains: &[],
        set_so: false,
        not_if: &[],
        check: |_| Verdict::default(),
        near: |_| Vec::new(),
        cases: &[],
        inject: &[],
        undo: &[],
        ward: Ward::Small,
        not_injected: "",
    };

    /// Whether `pattern` (an id, or a family such as `kn-*`, or `*`) names `id`.
    pub fn names(pattern: &str, id: &str) -> bool {
        match pattern.strip_suffix('*') {
            Some(prefix) => id.starts_with(prefix),
            None => pattern == id,
        }
    }
}

/// A rule with its page, as the registry holds it.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    pub rule: &'static Rule,
    /// The `//!` text of its file.
    pub page: &'static str,
    pub file_stem: &'static str,
    pub folder: &'static str,
}

impl Entry {
    /// The page's first line.
    pub fn title(&self) -> &'static str {
        self.page.lines().next().unwrap_or_default()
    }
}

/// Something that is fine but not far from trouble.
#[derive(Debug, Clone, PartialEq)]
pub struct Near {
    /// `the API server's certificate expires in 21 days`.
    pub text: String,
    /// 100 = trouble; what is told first.
    pub percent: u8,
    pub evidence: Vec<Citation>,
}

/// One step of bringing a fault about, or of mending it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Run a program on a node.
    On { node: &'static str, argv: &'static [&'static str] },
    /// Run `kubectl` as the cluster's administrator, with this input.
    Kubectl { argv: &'static [&'static str], stdin: &'static str },
    /// Cut a node's power.
    PowerOff { node: &'static str },
    /// Have the engine bring everything back to the blueprint.
    Converge,
    /// Drop a port in front of a node (security group).
    PortDrop { node: &'static str, protocol: &'static str, port: u16 },
    /// Wait until what `kubectl` prints contains this text, at most this many seconds.
    KubectlUntil { argv: &'static [&'static str], contains: &'static str, seconds: u32 },
    /// Wait until this program succeeds on the node, at most this many seconds.
    Until { node: &'static str, argv: &'static [&'static str], seconds: u32 },
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Act::On { node, argv } => write!(f, "on {node}: {}", argv.join(" ")),
            Act::Kubectl { argv, stdin: "" } => write!(f, "kubectl {}", argv.join(" ")),
            Act::Kubectl { argv, stdin } => write!(f, "kubectl {} <<< {stdin:?}", argv.join(" ")),
            Act::PowerOff { node } => write!(f, "cut the power of {node}"),
            Act::Converge => f.write_str("have the engine bring everything back"),
            Act::PortDrop { node, protocol, port } => write!(f, "drop {protocol} {port} in front of {node}"),
            Act::KubectlUntil { argv, contains, .. } => write!(f, "wait until kubectl {} says {contains:?}", argv.join(" ")),
            Act::Until { node, argv, .. } => write!(f, "wait until on {node} succeeds: {}", argv.join(" ")),
        }
    }
}
