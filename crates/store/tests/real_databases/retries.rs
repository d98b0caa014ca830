// SPDX-License-Identifier: Apache-2.0
//! A transaction that the database gives up, because another one waits for it in a ring, is done again.

use crate::LIMITS;
use crate::make::*;
use magnum_store::*;
use magnum_testkit::{DatabaseKind, DatabaseServer};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadlock_with_another_program_is_no_error_of_the_caller() {
    // MariaDB ends the one that has changed less: the other has changed much.
    let much =
        "INSERT INTO quotas (project_id, resource, hard_limit) SELECT CONCAT('x', seq), 'Cluster', 1 FROM seq_1_to_500; SELECT SLEEP(0.5)";
    for (kind, sleep, waiting) in [
        (DatabaseKind::MariaDb, much, "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%'"),
        (DatabaseKind::Postgres, "SELECT pg_sleep(0.5)", "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"),
    ] {
        let server = Arc::new(DatabaseServer::start(kind).unwrap());
        let store = Store::connect(&server.create("ring").unwrap(), &LIMITS).await.unwrap();
        let (id, _) = with_cluster(&store).await;
        let group = store.list_all_nodegroups(id).await.unwrap()[1].uuid;
        // The other takes the groups first and then wants the cluster; the store does it the other way round.
        let other = {
            let (server, sleep) = (Arc::clone(&server), sleep.to_owned());
            let words =
                format!("BEGIN; UPDATE nodegroup SET status_reason = 'other'; {sleep}; UPDATE cluster SET status_reason = 'other'; COMMIT");
            std::thread::spawn(move || server.sql("ring", &words).map_err(|e| e.to_string()))
        };
        let deadline = Instant::now() + Duration::from_secs(20);
        while server.sql("ring", waiting).unwrap().trim() == "0" {
            assert!(Instant::now() < deadline && !other.is_finished(), "the other does not wait");
        }
        let mut request = Request::new(Operation::new(id, "resize", "req", serde_json::Value::Null));
        request.groups = vec![(group, vec![NodeGroupField::NodeCount(5)])];
        store.request(request).await.unwrap();
        let other = other.join().unwrap();
        assert!(other.is_ok(), "{kind:?} gave the other one up, so this proves nothing: {other:?}");
        let whole = store.get_whole(id).await.unwrap();
        assert_eq!((whole.groups[1].node_count, whole.cluster.status_reason.as_deref()), (5, Some("other")));
        assert_eq!(store.list_open_operations(id).await.unwrap().len(), 2, "done once, not twice");
    }
}
