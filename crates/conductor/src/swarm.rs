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

/// Has the authority replaced, unless it is another one than `old` already. Answers what it waits for.
pub(crate) async fn rotate(world: &World, whole: &Whole, old: &str) -> Result<Option<String>, Error> {
    // Docker shows the old one until every node has a certificate of the new one. To ask once more would begin anew with a
    // third one, and nodes that are asked for another certificate every second never have the right one.
    let is_old = root(world, whole).await? == old;
    if is_old && !is_rotating(world, whole).await? {
        docker(world, whole, &["docker", "swarm", "ca", "--rotate", "--detach"]).await?;
    }
    let nodes = docker(world, whole, &["docker", "node", "ls", "--format", "{{.TLSStatus}} {{.Status}} {{.Hostname}}"]).await?;
    Ok(sentence(is_old, &nodes))
}

async fn is_rotating(world: &World, whole: &Whole) -> Result<bool, Error> {
    let format = "{{.Swarm.Cluster.RootRotationInProgress}}";
    docker(world, whole, &["docker", "info", "--format", format]).await.map(|text| text.trim() == "true")
}

/// What is still missing, if anything is. For a node that is away Docker itself waits, until it is back or removed.
fn sentence(is_old: bool, nodes: &str) -> Option<String> {
    let waits: Vec<&str> = nodes.lines().filter_map(waits).collect();
    let is_one_away = nodes.lines().any(|line| line.contains(" Down ") && !line.trim().starts_with("Ready "));
    match (is_old && !is_one_away, waits.is_empty()) {
        (false, true) => None,
        (true, true) => Some("Docker's own authority is replaced".to_owned()),
        _ => Some(format!("Docker's own authority is replaced; certificates are missing on {}", waits.join(", "))),
    }
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

    #[test]
    fn it_is_over_when_docker_shows_another_authority_and_no_node_is_waited_for() {
        let (done, open) = ("Ready Ready master-0\nReady Ready node-0\n", "Ready Ready master-0\nNeeds Rotation Ready node-0\n");
        assert_eq!(sentence(false, done), None);
        assert_eq!(sentence(true, "Ready Ready master-0\nUnknown Down node-0\n"), None);
        assert_eq!(sentence(true, done).as_deref(), Some("Docker's own authority is replaced"));
        for is_old in [false, true] {
            let text = sentence(is_old, open);
            assert_eq!(text.as_deref(), Some("Docker's own authority is replaced; certificates are missing on node-0"));
        }
    }
}
