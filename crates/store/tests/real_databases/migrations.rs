// SPDX-License-Identifier: Apache-2.0
//! The schema's steps on real databases: twice, many at once, stopped anywhere; and copying between the three kinds.

use crate::LIMITS;
use crate::make::*;
use magnum_store::*;
use magnum_testkit::{DatabaseKind, DatabaseServer};
use magnum_types::*;
use secrecy::ExposeSecret;

/// Everything about a database's tables, columns and keys, as the server itself describes them.
fn described(server: &DatabaseServer, kind: DatabaseKind, name: &str) -> String {
    let words = match kind {
        DatabaseKind::MariaDb => format!(
            "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, COLLATION_NAME, EXTRA FROM information_schema.COLUMNS \
             WHERE TABLE_SCHEMA = '{name}' ORDER BY 1, 2; SELECT TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX, COLUMN_NAME, NON_UNIQUE \
             FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = '{name}' ORDER BY 1, 2, 3"
        ),
        DatabaseKind::Postgres => "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default \
             FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2; \
             SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
            .to_owned(),
    };
    server.sql(name, &words).unwrap()
}

async fn is_good(url: &str) {
    let inspection = Inspection::open(url, &LIMITS).await.unwrap();
    let findings = inspection.check().await.unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    inspection.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_can_be_stopped_anywhere_repeated_and_run_by_many() {
    for kind in [DatabaseKind::MariaDb, DatabaseKind::Postgres] {
        let server = DatabaseServer::start(kind).unwrap();
        let fresh = server.create("fresh").unwrap();
        for _ in 0..2 {
            Store::connect(&fresh, &LIMITS).await.unwrap().close().await;
        }
        is_good(&fresh).await;
        let whole = described(&server, kind, "fresh");
        assert!(whole.contains("mg_cluster_project") && whole.contains("uniq_bay0uuid"), "{whole}");
        let mut stops = 0;
        // Stopped after each statement and each note of one, then run again to the end.
        for statements in 0.. {
            let url = server.create("stopped").unwrap();
            let ended = Inspection::sync_until(&url, &LIMITS, statements).await.unwrap();
            Store::connect(&url, &LIMITS).await.unwrap_or_else(|e| panic!("{kind:?} stopped after {statements}: {e:?}")).close().await;
            is_good(&url).await;
            assert_eq!(described(&server, kind, "stopped"), whole, "{kind:?} stopped after {statements}");
            server.sql("postgres", "DROP DATABASE stopped").unwrap();
            stops = statements;
            if ended {
                break;
            }
        }
        println!("{kind:?}: stopped at {stops} places");
        assert!(stops > 30, "{stops}");
        let url = server.create("many").unwrap();
        let starts = (0..6).map(|_| {
            let url = url.clone();
            tokio::spawn(async move { Store::connect(&url, &LIMITS).await.map(drop) })
        });
        for start in starts.collect::<Vec<_>>() {
            start.await.unwrap().unwrap();
        }
        is_good(&url).await;
        assert_eq!(described(&server, kind, "many"), whole);
    }
}

/// Everything a caller sees of a cluster.
async fn seen(store: &Store, id: ClusterId) -> String {
    let whole = store.get_whole(id).await.unwrap();
    let pairs = store.get_keypair(whole.cluster.ca_cert_ref.as_deref().unwrap()).await.unwrap();
    let private = store.list_private(id).await.unwrap();
    let private: Vec<_> = private.iter().map(|(name, value)| (name, value.expose_secret().to_owned())).collect();
    format!(
        "{whole:?} {:?} {:?} {:?} {private:?} {:?} {:?} {:?} {:?} {:?}",
        (pairs.id, pairs.uuid, pairs.certificate, pairs.private_key.expose_secret(), pairs.intermediates),
        store.list_nodes(id).await.unwrap(),
        store.list_events(id, 0, 1000).await.unwrap(),
        store.get_observed(id).await.unwrap(),
        store.list_open_operations(id).await.unwrap(),
        store.list_diagnoses(id).await.unwrap(),
        store.list_services().await.unwrap(),
        store.list_quotas(&Scope::All, &Page::default()).await.unwrap(),
    )
}

async fn fill(store: &Store) -> ClusterId {
    let (id, lease) = with_cluster(store).await;
    let names: Vec<NodeName> = (0..3).map(|n| NodeName::parse(&format!("node-{n}")).unwrap()).collect();
    let node = |(n, name): (usize, &NodeName)| {
        Node::new(id, name.clone(), NodeGroupId::random(), Role::Worker, n as i64, "10.0.0.6".to_owned(), "h".to_owned())
    };
    let nodes: Vec<Node> = names.iter().enumerate().map(node).collect();
    store.replace_nodes(&lease, id, &[], &nodes).await.unwrap();
    for n in 0..250 {
        store.record_report(&nodes[n % 3], &report("b", &[(n as u64 + 1, "disk", StepState::Done)])).await.unwrap();
    }
    let pair = KeyPair {
        id: 0,
        uuid: uuid::Uuid::new_v4(),
        certificate: "-----BEGIN CERTIFICATE-----\nä".repeat(2000),
        private_key: "key".into(),
        private_key_passphrase: Some("pass".into()),
        intermediates: None,
        project_id: ProjectId("p".to_owned()),
        user_id: UserId("u".to_owned()),
        created_at: None,
        updated_at: None,
    };
    let reference = ClusterField::CaCertRef(Some(pair.uuid.to_string()));
    store.renew(&lease, id, Renewal { insert: vec![pair], cluster: vec![reference], ..Renewal::default() }).await.unwrap();
    let labels = Labels([("a".to_owned(), "\u{1f680}\"'\\".to_owned())].into());
    store.update_cluster(&lease, id, &[ClusterField::Labels(labels), ClusterField::StatusReason(Some(String::new()))]).await.unwrap();
    let group = store.list_all_nodegroups(id).await.unwrap()[1].uuid;
    let taint = serde_json::json!({"key": "k", "value": "v", "effect": "NoSchedule"});
    let fields = [NodeGroupField::NodeLabels([("x".to_owned(), "y".to_owned())].into()), NodeGroupField::NodeTaints(vec![taint])];
    store.update_nodegroup(&lease, id, group, &fields).await.unwrap();
    store.update_observed(&lease, id, &serde_json::json!({"t": "x".repeat(100_000)})).await.unwrap();
    store.insert_private(&lease, id, &[("one", "1".into()), ("One", "2".into())]).await.unwrap();
    store.insert_diagnosis(&Diagnosis::new(uuid::Uuid::new_v4(), id, "user", serde_json::json!({"r": "ä"}))).await.unwrap();
    store.report_service("h", "magnum-conductor").await.unwrap();
    store.insert_quota(&ProjectId("q".to_owned()), "Cluster", 3).await.unwrap();
    id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_is_copied_whole_between_any_two_kinds() {
    let (maria, postgres) = (DatabaseServer::start(DatabaseKind::MariaDb).unwrap(), DatabaseServer::start(DatabaseKind::Postgres).unwrap());
    let dir = tempfile::tempdir().unwrap();
    for revision in [REVISIONS[0], NEWEST] {
        let name = |n: usize| format!("copy{n}_{}", revision.id);
        let file = |n: usize| format!("sqlite:///{}", dir.path().join(name(n)).display());
        let first = file(0);
        Inspection::sync(&first, &LIMITS, revision).await.unwrap().close().await;
        let store = Store::connect(&first, &LIMITS).await.unwrap();
        let id = fill(&store).await;
        let expected = seen(&store, id).await;
        assert!(expected.contains("NoSchedule"), "also where the table has no column for it");
        let stops = [maria.create(&name(1)).unwrap(), postgres.create(&name(2)).unwrap(), maria.create(&name(3)).unwrap(), file(4)];
        let stops = stops.into_iter().chain([postgres.create(&name(5)).unwrap(), postgres.create(&name(6)).unwrap(), file(7), file(8)]);
        let mut from = first.clone();
        for to in stops {
            let copied = copy(&from, &to, &LIMITS).await.unwrap_or_else(|e| panic!("{from} to {to}: {e:?}"));
            let events = copied.iter().find(|one| one.table == "mg_event").unwrap();
            assert_eq!(events.rows, 250);
            is_good_or_noted(&to, revision).await;
            let there = Store::connect(&to, &LIMITS).await.unwrap();
            assert_eq!(seen(&there, id).await, expected, "{from} to {to}");
            let refused = copy(&first, &to, &LIMITS).await.unwrap_err().to_string();
            assert!(refused.contains("is not empty") && refused.contains("nothing was copied"), "{refused}");
            // New rows get new numbers.
            there.report_service("other", "magnum-conductor").await.unwrap();
            let lease = there.take_lease(&format!("cluster/{id}"), "me", std::time::Duration::from_secs(60)).await.unwrap().unwrap();
            assert_eq!(lease.generation, 2, "leases go on");
            let last = there.list_newest_events(id, 1).await.unwrap()[0].id;
            let event = NewEvent { node: None, step: "s".to_owned(), state: StepState::Done, detail: String::new(), duration_ms: None };
            there.insert_events(&lease, id, vec![event]).await.unwrap();
            assert_eq!(there.list_newest_events(id, 1).await.unwrap()[0].id, last + 1);
            there.close().await;
            // The next copy is made of an untouched one.
            if to.starts_with("sqlite") {
                std::fs::remove_file(to.trim_start_matches("sqlite:///")).unwrap();
            } else {
                let (server, base) = if to.starts_with("mysql") { (&maria, "mysql") } else { (&postgres, "postgresql") };
                let name = to.split('/').find_map(|part| part.split('?').next().filter(|p| p.starts_with("copy"))).unwrap();
                assert!(to.starts_with(base));
                // The connection that listened may need a moment to go.
                let force = if base == "mysql" { "" } else { " WITH (FORCE)" };
                server.sql("postgres", &format!("DROP DATABASE {name}{force}")).unwrap();
                server.create(name).unwrap();
            }
            copy(&from, &to, &LIMITS).await.unwrap();
            from = to;
        }
    }
}

async fn is_good_or_noted(url: &str, revision: Revision) {
    let inspection = Inspection::open(url, &LIMITS).await.unwrap();
    assert_eq!(inspection.version().await.unwrap().magnum.as_deref(), Some(revision.id));
    let findings = inspection.check().await.unwrap();
    assert!(findings.iter().all(|finding| !finding.is_fault) && (revision != NEWEST || findings.is_empty()), "{findings:?}");
    inspection.close().await;
}
