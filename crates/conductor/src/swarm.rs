// SPDX-License-Identifier: Apache-2.0
//! Docker's own authority within a swarm, which signs what managers and workers show each other.

use crate::Error;
use crate::world::World;
use magnum_engine::Exec;
use magnum_store::{NodeStatus, Whole};
use magnum_types::Role;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(20);

/// The root certificate, PEM.
pub(crate) async fn root(world: &World, whole: &Whole) -> Result<String, Error> {
    docker(world, whole, &["docker", "swarm", "ca"]).await.map(|text| text.trim().to_owned())
}

/// Has the authority replaced, unless it is another one than `old` already. Answers which nodes it waits for.
pub(crate) async fn rotate(world: &World, whole: &Whole, old: &str) -> Result<Option<String>, Error> {
    if root(world, whole).await? == old {
        docker(world, whole, &["docker", "swarm", "ca", "--rotate", "--detach"]).await?;
    }
    let nodes = docker(world, whole, &["docker", "node", "ls", "--format", "{{.TLSStatus}} {{.Status}} {{.Hostname}}"]).await?;
    let waits: Vec<&str> = nodes.lines().filter_map(waits).collect();
    Ok((!waits.is_empty()).then(|| format!("Docker's own authority is replaced; certificates are missing on {}", waits.join(", "))))
}

/// The node's name, if it runs and has not got its certificate from the new authority.
fn waits(line: &str) -> Option<&str> {
    // The status of a certificate may be of several words: "Needs Rotation".
    let (rest, name) = line.trim().rsplit_once(' ')?;
    let (tls, status) = rest.rsplit_once(' ')?;
    (tls != "Ready" && status != "Down").then_some(name)
}

async fn docker(world: &World, whole: &Whole, argv: &[&str]) -> Result<String, Error> {
    let id = whole.cluster.uuid;
    let nodes = world.store.list_nodes(id).await.map_err(Error::Store)?;
    let manager = nodes.iter().find(|node| node.role == Role::Master && node.status != NodeStatus::Stopped);
    let manager = manager.ok_or_else(|| Error::Broken("no manager runs".to_owned()))?;
    let request = Exec { timeout: LIMIT, ..Exec::new(argv.iter().copied()) };
    let output = world.engine.exec(id, &manager.name, request).await.map_err(Error::Engine)?;
    if output.code == Some(0) {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let what = format!("{}: {}", argv.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    Err(Error::Engine(magnum_engine::Error::Resource { resource: format!("server {}", manager.name), what }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_waited_for_while_its_certificate_is_old_and_it_runs() {
        for (line, name) in
            [("Ready Ready master-0", None), ("Needs Rotation Ready node-0", Some("node-0")), ("Unknown Down node-1", None), ("", None)]
        {
            assert_eq!(waits(line), name, "{line}");
        }
    }
}
