// SPDX-License-Identifier: Apache-2.0
//! A node's name and role.

use crate::FieldError;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a node group's nodes are for; any text other than `master` behaves as a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Master,
    Worker,
}

impl Role {
    /// Reads the wire's free text.
    pub fn from_wire(text: &str) -> Self {
        if text == "master" { Role::Master } else { Role::Worker }
    }

    /// The word in reports and printed tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Master => "master",
            Role::Worker => "worker",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A node's name within its cluster, and its host name: `master-0`, `node-1`, `gpu-0`.
///
/// A DNS label of at most 60 characters, so it is safe in file names, unit files and Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeName(String);

impl NodeName {
    /// The name of the `index`-th node of a group: `default-master` gives `master-N`,
    /// `default-worker` gives `node-N`, any other group its own name made a DNS label.
    pub fn of_group(group: &str, index: u32) -> Self {
        let stem = match group {
            "default-master" => "master".to_owned(),
            "default-worker" => "node".to_owned(),
            other => dns_label(other),
        };
        Self(format!("{stem}-{index}"))
    }

    /// Checks text from a request; the error names the field `node`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let ok = !text.is_empty()
            && text.len() <= 60
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && !text.starts_with('-')
            && !text.ends_with('-');
        if ok { Ok(Self(text.to_owned())) } else { Err(FieldError::new("node", text, "is not a node name such as master-0 or node-1")) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `text` as a DNS label of at most 40 characters; text that changes on the way gets a short hash,
/// so that two different group names never share node names.
fn dns_label(text: &str) -> String {
    let label: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).take(40).collect();
    let label = label.trim_matches('-');
    let taken = matches!(label, "" | "master" | "node");
    if label == text && !taken { label.to_owned() } else { format!("{label}-{:08x}", fnv1a(text)).trim_matches('-').to_owned() }
}

fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_named_after_their_group() {
        assert_eq!(NodeName::of_group("default-master", 0).as_str(), "master-0");
        assert_eq!(NodeName::of_group("default-worker", 1).as_str(), "node-1");
        assert_eq!(NodeName::of_group("gpu", 2).as_str(), "gpu-2");
        let odd = [";reboot;", "GPU", "g p u", "node", "master", "../..", "ü"];
        let names: std::collections::BTreeSet<_> = odd.iter().map(|g| NodeName::of_group(g, 0)).collect();
        assert_eq!(names.len(), odd.len(), "different groups get different names");
        assert!(names.iter().all(|n| NodeName::parse(n.as_str()).is_ok()), "{names:?}");
    }
}
