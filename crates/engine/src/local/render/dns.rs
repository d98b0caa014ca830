// SPDX-License-Identifier: Apache-2.0
//! The private network's DNS: dnsmasq in the router's namespace. It knows the nodes' names; names from outside it
//! passes on only where the cluster may reach the outside, and else refuses at once.

use magnum_blueprint::Blueprint;
use std::fmt::Write;
use std::net::Ipv4Addr;
use std::path::Path;

/// dnsmasq's configuration, but for the pid file.
pub(crate) fn config(blueprint: &Blueprint, resolvers: &[Ipv4Addr]) -> String {
    let mut text = format!(
        "user=nobody\ngroup=nogroup\nno-hosts\nno-resolv\nno-poll\nbind-interfaces\nexcept-interface=lo\nlisten-address={}\ndomain-needed\nbogus-priv\nlocal-ttl=5\ncache-size=1000\n",
        blueprint.network.gateway
    );
    // Writing to a String cannot fail.
    for server in &blueprint.servers {
        let _ = writeln!(text, "host-record={},{}", server.name, server.address);
    }
    for resolver in resolvers {
        let _ = writeln!(text, "server={resolver}");
    }
    text
}

/// The whole file.
pub(crate) fn file(config: &str, pid_file: &Path) -> String {
    format!("pid-file={}\n{config}", pid_file.display())
}

/// The name servers of a `resolv.conf` that can be reached from another namespace.
pub(crate) fn resolvers(resolv_conf: &str) -> Vec<Ipv4Addr> {
    let addresses = resolv_conf.lines().filter_map(|line| line.trim().strip_prefix("nameserver")?.trim().parse::<Ipv4Addr>().ok());
    addresses.filter(|a| !a.is_loopback() && !a.is_unspecified()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_reachable_name_servers_count() {
        let text = "# nameserver 192.0.2.9\nsearch x\nnameserver 127.0.0.53\nnameserver 192.0.2.1\nnameserver ::1\nnameserver\t192.0.2.2\n";
        assert_eq!(resolvers(text), [Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2)]);
    }
}
