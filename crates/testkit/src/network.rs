// SPDX-License-Identifier: Apache-2.0
//! What a test does to the ports in front of a cluster's nodes.

use crate::Server;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::process::Command;

/// What marks a rule of [`Server::drop_port`], in nft's quotes.
const DROPPED: &str = "\"dropped by a test\"";

impl Server {
    /// Drops a port at the bridge in front of a node, as a security group without a rule for it would.
    pub fn drop_port(&self, cluster: &str, node: &str, protocol: &str, port: u16) -> Result<()> {
        let (table, port) = (format!("port-{node}"), port.to_string());
        let rule = ["insert", "rule", "bridge", &table, "to_node", protocol, "dport", &port, "counter", "drop", "comment", DROPPED];
        self.network_nft(cluster, &rule).map(drop)
    }

    /// Takes away what [`Self::drop_port`] put there.
    pub fn allow_ports(&self, cluster: &str) -> Result<()> {
        let tables: Value = serde_json::from_str(&self.network_nft(cluster, &["-j", "list", "ruleset"])?).context("reading nft's rules")?;
        let rules = tables["nftables"].as_array().into_iter().flatten().map(|item| &item["rule"]);
        for rule in rules.filter(|r| r["comment"] == DROPPED.trim_matches('"')) {
            let handle = rule["handle"].to_string();
            let [family, table, chain] = ["family", "table", "chain"].map(|key| rule[key].as_str().unwrap_or_default());
            self.network_nft(cluster, &["delete", "rule", family, table, chain, "handle", &handle])?;
        }
        Ok(())
    }

    /// nft in the namespace of a cluster's network, where the nodes' ports are filtered.
    pub fn network_nft(&self, cluster: &str, words: &[&str]) -> Result<String> {
        let cluster = self.json(["cluster", "show", cluster])?;
        let short: String = cluster["uuid"].as_str().unwrap_or_default().chars().take(8).collect();
        let names = std::fs::read_dir("/run/netns").context("reading /run/netns")?.filter_map(|e| e.ok()?.file_name().into_string().ok());
        let end = format!("-{short}.net");
        let network = names.into_iter().find(|name| name.ends_with(&end)).context("the cluster's network has no namespace")?;
        let output = Command::new("ip").args(["netns", "exec", &network, "nft"]).args(words).output().context("running nft")?;
        ensure!(output.status.success(), "nft {words:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
