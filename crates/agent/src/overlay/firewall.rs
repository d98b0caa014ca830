// SPDX-License-Identifier: Apache-2.0
//! flannel's rules: forward what comes from or goes to pods, whatever Docker's policy is, and masquerade what leaves.
//!
//! All rules are in two chains of our own, written whole in one transaction; of the built-in chains only one jump each
//! is ours.

use crate::command;
use crate::error::Error;
use ipnet::Ipv4Net;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(15);
const JUMPS: [(&str, &str, &str, &str); 2] =
    [("filter", "FORWARD", "FLANNEL-FWD", "flanneld forward"), ("nat", "POSTROUTING", "FLANNEL-POSTRTG", "flanneld masq")];

/// Sees to it that the rules are there.
pub fn ensure(network: &Ipv4Net, subnet: &Ipv4Net) -> Result<(), Error> {
    let jump = |verb: &'static str, (table, chain, target, comment): (&'static str, &'static str, &'static str, &'static str)| {
        let words = ["-w", "5", "-t", table, verb, chain, "-m", "comment", "--comment", comment, "-j", target];
        command::run("iptables", &words, LIMIT)
    };
    let missing: Vec<_> = JUMPS.into_iter().filter(|one| jump("-C", *one).is_err()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    command::run_with_input("iptables-restore", &["-w", "5", "--noflush"], &chains(network, subnet), LIMIT)?;
    missing.into_iter().try_for_each(|one| jump("-A", one).map(drop))
}

fn chains(network: &Ipv4Net, subnet: &Ipv4Net) -> String {
    let forward = "-A FLANNEL-FWD";
    let leave = "-A FLANNEL-POSTRTG";
    let (forwarded, masq) = ("-m comment --comment \"flanneld forward\"", "-m comment --comment \"flanneld masq\"");
    format!(
        "*filter\n:FLANNEL-FWD - [0:0]\n\
         {forward} -s {network} {forwarded} -j ACCEPT\n\
         {forward} -d {network} {forwarded} -j ACCEPT\n\
         COMMIT\n*nat\n:FLANNEL-POSTRTG - [0:0]\n\
         {leave} -s {network} -d {network} {masq} -j RETURN\n\
         {leave} -s {network} ! -d 224.0.0.0/4 {masq} -j MASQUERADE --random-fully\n\
         {leave} ! -s {network} -d {subnet} {masq} -j RETURN\n\
         {leave} ! -s {network} -d {network} {masq} -j MASQUERADE --random-fully\n\
         COMMIT\n"
    )
}
