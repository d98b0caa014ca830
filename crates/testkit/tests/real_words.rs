// SPDX-License-Identifier: Apache-2.0
//! The words of 2015, in the order of the old quick start, against a real cluster.

use anyhow::{Result, ensure};
use magnum_testkit::{Server, dist_dir, wait};
use std::time::Duration;

#[test]
fn bays_and_baymodels_still_mean_clusters_and_templates() -> Result<()> {
    let server = Server::start(&dist_dir()?)?;
    server.ok(["baymodel-create", "--name", "swarmmodel", "--coe", "swarm"])?;
    ensure!(server.ok(["baymodel-list"])?.contains("swarmmodel"), "baymodel-list");
    ensure!(server.ok(["baymodel-show", "swarmmodel"])?.contains("debian-12"), "the image is filled in");
    server.ok(["bay-create", "--name", "b1", "--baymodel", "swarmmodel", "--node-count", "1"])?;
    wait(Duration::from_secs(90), "the bay is complete", || {
        let shown = server.ok(["bay-show", "b1"])?;
        ensure!(!shown.contains("FAILED"), "{shown}");
        Ok(shown.contains("CREATE_COMPLETE").then_some(()))
    })?;
    ensure!(server.ok(["bay-list"])?.contains("b1"), "bay-list");
    ensure!(server.json(["cluster", "show", "b1"])?["node_count"] == 1, "a bay is a cluster");
    server.ok(["bay-delete", "b1"])?;
    wait(Duration::from_secs(60), "the bay is gone", || Ok((!server.ok(["bay-list"])?.contains("b1")).then_some(())))?;
    server.ok(["baymodel-delete", "swarmmodel"]).map(|_| ())
}
