// SPDX-License-Identifier: Apache-2.0
//! How much memory processes hold.

use anyhow::{Context, Result};
use std::collections::HashMap;

/// Megabytes that a process and its descendants hold. What they share is counted with each.
pub fn resident(pid: u32) -> Result<f64> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in std::fs::read_dir("/proc").context("reading /proc")?.flatten() {
        let Some(child) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // A process that has just ended has no parent any more.
        if let Some(parent) = field(child, "PPid:") {
            children.entry(u32::try_from(parent).unwrap_or_default()).or_default().push(child);
        }
    }
    let (mut left, mut kibibytes) = (vec![pid], 0);
    while let Some(pid) = left.pop() {
        kibibytes += field(pid, "VmRSS:").with_context(|| format!("process {pid} holds nothing"))?;
        left.extend(children.remove(&pid).unwrap_or_default());
    }
    Ok(kibibytes as f64 / 1024.0)
}

/// A number of `/proc/<pid>/status`.
fn field(pid: u32, name: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_counted_with_what_it_started() {
        let own = field(std::process::id(), "VmRSS:").unwrap() as f64 / 1024.0;
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        // In this order: a program that has just begun still grows.
        let alone = resident(child.id());
        let all = resident(std::process::id());
        child.kill().unwrap();
        child.wait().unwrap();
        let (all, alone) = (all.unwrap(), alone.unwrap());
        assert!(alone > 0.0 && all > own * 0.5 + alone, "{all} of {own} and {alone}");
        assert!(resident(u32::MAX).is_err());
    }
}
