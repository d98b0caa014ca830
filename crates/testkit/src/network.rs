// SPDX-License-Identifier: Apache-2.0
//! What a test does to the ports in front of a cluster's nodes.

use crate::Server;
use anyhow::{Context, Result};
use serde_json::Value;

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
}
