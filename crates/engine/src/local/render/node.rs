// SPDX-License-Identifier: Apache-2.0
//! The files that make a copy of the image one particular node.

use crate::Error;
use crate::local::names::machine_id;
use magnum_blueprint::Server;
use magnum_types::ClusterId;
use std::fmt::Write;

/// Where the node spec lies.
pub(crate) const SPEC: &str = "etc/magnum/node.json";
/// Where the agent lies.
pub(crate) const AGENT: &str = "usr/local/bin/magnum-agent";

/// A file in the node.
pub(crate) struct NodeFile {
    pub path: &'static str,
    pub text: String,
    pub mode: u32,
}

/// All of them but the agent.
pub(crate) fn files(cluster: ClusterId, server: &Server) -> Result<Vec<NodeFile>, Error> {
    let mut resolv = String::new();
    for address in &server.spec.dns_servers {
        // Writing to a String cannot fail.
        let _ = writeln!(resolv, "nameserver {address}");
    }
    resolv.push_str("options timeout:2 attempts:2\n");
    let name = &server.name;
    let plain = |path, text| NodeFile { path, text, mode: 0o644 };
    Ok(vec![
        plain("etc/hostname", format!("{name}\n")),
        plain("etc/hosts", format!("127.0.0.1 localhost\n{} {name}\n::1 localhost ip6-localhost\n", server.address)),
        plain("etc/resolv.conf", resolv),
        plain("etc/machine-id", format!("{}\n", machine_id(cluster, name))),
        NodeFile { path: SPEC, text: spec(server)?, mode: 0o600 },
    ])
}

/// The node spec as the agent reads it. It holds secrets.
pub(crate) fn spec(server: &Server) -> Result<String, Error> {
    serde_json::to_string_pretty(&server.spec).map(|text| text + "\n").map_err(|error| Error::Resource {
        resource: format!("server {}", server.name),
        what: format!("its node spec cannot be written as JSON: {error}"),
    })
}
