// SPDX-License-Identifier: Apache-2.0
//! News from one process to another: soon, all of them, and also after the connection was lost.

use crate::LIMITS;
use crate::make::*;
use magnum_store::*;
use magnum_testkit::{DatabaseKind, DatabaseServer};
use magnum_types::*;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// More than this is a hang, not a slow machine.
const LIMIT: Duration = Duration::from_secs(10);

fn new_cluster(template: TemplateId) -> NewCluster {
    let cluster = cluster(template, "c");
    let operation = Operation::new(cluster.uuid, "create", "req", serde_json::Value::Null);
    NewCluster { groups: vec![group(cluster.uuid, "w", "worker", 1)], cluster, operation }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news_reach_another_process_soon_and_survive_a_lost_connection() {
    let dir = tempfile::tempdir().unwrap();
    let file = format!("sqlite:///{}", dir.path().join("m.db").display());
    for kind in [None, Some(DatabaseKind::MariaDb), Some(DatabaseKind::Postgres)] {
        let mut server = kind.map(|kind| DatabaseServer::start(kind).unwrap());
        let url = server.as_ref().map_or(file.clone(), |server| server.create("news").unwrap());
        let (one, two) = (Store::connect(&url, &LIMITS).await.unwrap(), Store::connect(&url, &LIMITS).await.unwrap());
        let template = one.insert_template(template("t")).await.unwrap().uuid;
        let mut news = two.changes();
        let mut took = Vec::new();
        for _ in 0..20 {
            let new = new_cluster(template);
            let id = new.cluster.uuid;
            one.insert_cluster(new).await.unwrap();
            let begun = Instant::now();
            let change = timeout(LIMIT, news.recv()).await.unwrap().unwrap();
            took.push(begun.elapsed());
            assert_eq!(change, Change { cluster: id, cause: Cause::Wanted });
        }
        took.sort();
        println!("{kind:?}: news took {:?} in the middle, {:?} at most", took[took.len() / 2], took[took.len() - 1]);
        // The machine may be busy; a machine that is not must keep the 200 ms of the requirement in the middle.
        assert!(took[took.len() / 2] < Duration::from_millis(200), "{took:?}");

        // Many at once: none is passed over, and nobody hears its own twice.
        let mut own = one.changes();
        let made: BTreeSet<ClusterId> = {
            let mut writing = tokio::task::JoinSet::new();
            for _ in 0..60 {
                let (one, new) = (one.clone(), new_cluster(template));
                writing.spawn(async move {
                    let id = new.cluster.uuid;
                    one.insert_cluster(new).await.unwrap();
                    id
                });
            }
            writing.join_all().await.into_iter().collect()
        };
        for receiver in [&mut news, &mut own] {
            let mut heard = Vec::new();
            while heard.len() < made.len() {
                heard.push(timeout(LIMIT, receiver.recv()).await.unwrap().unwrap().cluster);
            }
            assert_eq!(heard.iter().copied().collect::<BTreeSet<_>>(), made);
        }
        timeout(Duration::from_millis(300), own.recv()).await.expect_err("its own news came back");

        let Some(server) = server.as_mut() else { continue };
        // Connections cut, then the server killed: what is written meanwhile or after is not lost to a waiter.
        for how in ["cut", "kill"] {
            let whole = one.get_whole(*made.first().unwrap()).await.unwrap();
            let mut waiting = two.changed(whole.cluster.uuid);
            waiting.mark_unchanged();
            if how == "cut" {
                server.cut("news").unwrap();
            } else {
                server.kill().unwrap();
                server.up().unwrap();
            }
            let mut request = Request::new(Operation::new(whole.cluster.uuid, "resize", "req", serde_json::Value::Null));
            request.groups = vec![(whole.groups[0].uuid, vec![NodeGroupField::NodeCount(7)])];
            let begun = Instant::now();
            one.request(request).await.unwrap();
            let seen = async {
                loop {
                    waiting.changed().await.unwrap();
                    if two.list_all_nodegroups(whole.cluster.uuid).await.unwrap()[0].node_count == 7 {
                        return;
                    }
                }
            };
            timeout(LIMIT, seen).await.unwrap_or_else(|_| panic!("{kind:?}: not woken after {how}"));
            println!("{kind:?}: woken {:?} after {how}", begun.elapsed());
            // And everything as before.
            let mut own = two.changed(whole.cluster.uuid);
            own.mark_unchanged();
            let mut request = Request::new(Operation::new(whole.cluster.uuid, "resize", "req", serde_json::Value::Null));
            request.groups = vec![(whole.groups[0].uuid, vec![NodeGroupField::NodeCount(1)])];
            one.request(request).await.unwrap();
            timeout(LIMIT, own.changed()).await.unwrap().unwrap();
        }
    }
}
