// SPDX-License-Identifier: Apache-2.0
//! A database made and used by the Python service of zed (Debian's python3-magnum 15.0.1, its own code) is taken over, and
//! goes back: Python reads and writes on, also what was written here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, dead_code, reason = "tests")]

#[path = "shared/make.rs"]
mod make;

use magnum_store::*;
use magnum_testkit::{DatabaseKind, DatabaseServer};
use magnum_types::*;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::process::Command;

const CLUSTER: &str = "20000000-0000-4000-8000-000000000001";
const TEMPLATE: &str = "10000000-0000-4000-8000-000000000001";

/// Runs Magnum 15.0.1's code and answers its JSON.
fn python(url: &str, words: &[&str]) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/magnum_15.py");
    let output = Command::new("/usr/bin/python3").arg(script).arg(url).args(words).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?} (is python3-magnum installed? cargo xtask setup): {error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Magnum's own tables as MariaDB describes them, without what is ours.
fn magnums(server: &DatabaseServer) -> String {
    let columns = "SELECT TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, COLLATION_NAME, EXTRA \
                   FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'magnum' AND TABLE_NAME NOT LIKE 'mg\\_%' ORDER BY 1, 3";
    let keys = "SELECT TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX, COLUMN_NAME, NON_UNIQUE FROM information_schema.STATISTICS WHERE \
                TABLE_SCHEMA = 'magnum' AND TABLE_NAME NOT LIKE 'mg\\_%' AND INDEX_NAME NOT LIKE 'mg\\_%' ORDER BY 1, 2, 3";
    server.sql("magnum", &format!("{columns}; {keys}; SELECT version_num FROM alembic_version")).unwrap()
}

fn one<'a>(read: &'a Value, what: &str, key: &str, value: &str) -> &'a Value {
    read[what].as_array().unwrap().iter().find(|row| row[key] == value).unwrap_or_else(|| panic!("no {what} with {key} {value}: {read}"))
}

/// What Python wrote, as the store reads it.
async fn is_read_right(store: &Store) {
    let id: ClusterId = CLUSTER.parse().unwrap();
    let whole = store.get_whole(id).await.unwrap();
    let (cluster, template) = (&whole.cluster, &whole.template);
    assert_eq!((template.name.as_str(), template.coe, template.docker_volume_size), ("Python's täglich", Coe::Kubernetes, Some(10)));
    assert_eq!((template.labels.get("emoji"), template.labels.get("flag")), (Some("\u{1f680}"), Some("True")));
    assert_eq!((template.public, template.hidden, template.floating_ip_enabled), (Some(true), Some(false), Some(true)));
    assert_eq!((template.driver.as_deref(), template.apiserver_port, template.tags.as_deref()), (None, None, Some("a,b")));
    assert_eq!((cluster.name.as_str(), cluster.status, cluster.create_timeout), ("py-1", Some(ClusterStatus::CreateComplete), Some(60)));
    assert_eq!((cluster.health_status, &cluster.health_status_reason["n.Ready"]), (Some(HealthStatus::Healthy), &json!("True")));
    assert_eq!((cluster.floating_ip_enabled, cluster.master_lb_enabled), (Some(true), Some(false)));
    assert!(cluster.created_at.unwrap().as_second() > 1_700_000_000 && cluster.updated_at.is_none());
    let counts: Vec<_> = whole.groups.iter().map(|g| (g.name.as_str(), g.node_count, g.node_addresses.join(","), g.is_default)).collect();
    assert_eq!(counts, [("default-master", 1, "10.0.0.1".to_owned(), true), ("default-worker", 3, "10.0.0.3".to_owned(), true)]);
    assert!(whole.groups.iter().all(|g| g.node_labels.is_empty() && g.node_taints.is_empty() && g.max_node_count.is_none()));
    let pair = store.get_keypair("40000000-0000-4000-8000-000000000001").await.unwrap();
    assert_eq!((pair.certificate.as_str(), pair.private_key.expose_secret(), pair.intermediates), ("CERT", "KEY", None));
    let quota = store.get_quota(&ProjectId("p".to_owned()), "Cluster").await.unwrap().unwrap();
    let services = store.list_services().await.unwrap();
    assert_eq!((quota.hard_limit, services[0].host.as_str(), services[0].report_count), (5, "pyhost", 1));
    assert_eq!(store.get_stats(None).await.unwrap(), Stats { clusters: 1, nodes: 4 });
}

/// Writes a template, a cluster and groups with all that zed's tables have no column for; answers the cluster.
async fn write(store: &Store) -> ClusterId {
    let mut template = make::template("ours");
    template.driver = Some("k8s_cluster_api_flatcar".to_owned());
    let template = store.insert_template(template).await.unwrap();
    assert_eq!(template.driver.as_deref(), Some("k8s_cluster_api_flatcar"));
    let cluster = make::cluster(template.uuid, "ours-1");
    let id = cluster.uuid;
    let mut worker = make::group(id, "default-worker", "worker", 2);
    worker.node_labels = [("zone".to_owned(), "ä".to_owned())].into();
    worker.node_taints = vec![json!({"key": "k", "value": "v", "effect": "NoSchedule"})];
    let groups = vec![make::group(id, "default-master", "master", 1), worker, make::group(id, "gone", "worker", 1)];
    let operation = Operation::new(id, "create", "req", Value::Null);
    store.insert_cluster(NewCluster { cluster, groups, operation }).await.unwrap();
    let lease = store.take_lease(&format!("cluster/{id}"), "me", std::time::Duration::from_secs(60)).await.unwrap().unwrap();
    let groups = store.list_all_nodegroups(id).await.unwrap();
    assert_eq!((groups[1].node_labels["zone"].as_str(), groups[1].node_taints.len()), ("ä", 1));
    let taints = [NodeGroupField::NodeTaints(vec![json!({"key": "only"})])];
    store.update_nodegroup(&lease, id, groups[2].uuid, &taints).await.unwrap();
    assert_eq!(store.find_nodegroup(id, "gone").await.unwrap().node_taints, [json!({"key": "only"})]);
    store.delete_nodegroup(&lease, id, groups[2].uuid).await.unwrap();
    store.update_cluster(&lease, id, &[ClusterField::Status(ClusterStatus::CreateComplete)]).await.unwrap();
    store.update_template(store.get_template(template.uuid).await.unwrap(), false).await.unwrap();
    id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_database_has_magnums_tables_as_its_own_tool_makes_them() {
    let server = DatabaseServer::start(DatabaseKind::MariaDb).unwrap();
    Store::connect(&server.create("magnum").unwrap(), &Limits::default()).await.unwrap();
    // What the queries above said after `magnum-db-manage upgrade` of Magnum 23.0.0 from PyPI on an empty MariaDB 10.11.
    assert_eq!(magnums(&server), include_str!("magnum-23.0.0-tables.txt"));
    server.sql("postgres", "DROP DATABASE magnum; CREATE DATABASE magnum CHARACTER SET utf8").unwrap();
    python(&server.url("magnum"), &["upgrade"]);
    let theirs = magnums(&server);
    server.sql("postgres", "DROP DATABASE magnum; CREATE DATABASE magnum CHARACTER SET utf8").unwrap();
    Inspection::sync(&server.url("magnum"), &Limits::default(), REVISIONS[0]).await.unwrap().close().await;
    assert_eq!(magnums(&server), theirs, "and those of zed as 15.0.1 makes them");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_zed_is_taken_over_and_goes_back() {
    let server = DatabaseServer::start(DatabaseKind::MariaDb).unwrap();
    let (url, limits) = (server.create("magnum").unwrap(), Limits::default());
    assert_eq!(python(&url, &["upgrade"])["revision"], "7da8489d6a68");
    python(&url, &["fill"]);
    let before = magnums(&server);
    let read_before = python(&url, &["read"]);

    // Stopped again and again on the way.
    let mut statements = 0;
    while !Inspection::sync_until(&url, &limits, statements).await.unwrap() {
        assert_eq!((magnums(&server), python(&url, &["read"])), (before.clone(), read_before.clone()), "stopped after {statements}");
        statements += 7;
    }
    let store = Store::connect(&url, &limits).await.unwrap();
    assert_eq!(magnums(&server), before, "Magnum's own tables are as they were");
    is_read_right(&store).await;
    assert_eq!(python(&url, &["read"]), read_before);
    let ours = write(&store).await;
    let lease = store.take_lease(&format!("cluster/{CLUSTER}"), "me", std::time::Duration::from_secs(60)).await.unwrap().unwrap();
    let id: ClusterId = CLUSTER.parse().unwrap();
    let fields = [ClusterField::StatusReason(Some("by us".to_owned())), ClusterField::CoeVersion(None)];
    store.update_cluster(&lease, id, &fields).await.unwrap();
    let inspection = Inspection::open(&url, &limits).await.unwrap();
    assert!(inspection.check().await.unwrap().iter().all(|finding| !finding.is_fault));
    assert_eq!(inspection.version().await.unwrap().magnum.as_deref(), Some("7da8489d6a68"));

    // Rows as releases before zed left them: values that are no text, engines that are no more, and one that nobody can read.
    let odd = "UPDATE cluster_template SET coe = 'dcos', labels = '{\"a\": 1, \"b\": true, \"c\": 1.5}' WHERE name = 'ours'; \
               INSERT INTO cluster_template (uuid, name, project_id, coe) VALUES ('60000000-0000-4000-8000-000000000001', 'odd', 'p', 'nomad')";
    let kept = server.sql("magnum", "SELECT HEX(labels) FROM cluster_template WHERE name = 'ours'").unwrap();
    server.sql("magnum", odd).unwrap();
    let read = store.find_template(&Scope::All, "ours").await.unwrap();
    assert_eq!(
        (read.coe.as_str(), read.labels.get("a"), read.labels.get("b"), read.labels.get("c")),
        ("dcos", Some("1"), Some("True"), Some("1.5"))
    );
    assert_eq!(store.list_templates(&Scope::All, &Page::default()).await.unwrap().len(), 2);
    assert!(matches!(store.find_template(&Scope::All, "odd").await, Err(Error::Unreadable { .. })));
    let back = format!("UPDATE cluster_template SET coe = 'kubernetes', labels = UNHEX('{}') WHERE name = 'ours'", kept.trim());
    server.sql("magnum", &format!("{back}; DELETE FROM cluster_template WHERE name = 'odd'")).unwrap();

    // Back: Python reads ours and its own, and writes both.
    let read = python(&url, &["read"]);
    let theirs = one(&read, "clusters", "uuid", CLUSTER);
    assert_eq!((&theirs["status_reason"], &theirs["coe_version"]), (&json!("by us"), &Value::Null));
    assert_eq!((&theirs["trust_id"], &theirs["trustee_password"]), (&json!("trust"), &json!("secret")), "the trust is still there");
    assert!(theirs["updated_at"].is_string());
    let cluster = one(&read, "clusters", "uuid", &ours.to_string());
    assert_eq!((&cluster["node_count"], &cluster["master_count"], &cluster["status"]), (&json!(2), &json!(1), &json!("CREATE_COMPLETE")));
    assert_eq!((&cluster["labels"], &cluster["trust_id"], &cluster["template"]), (&json!({}), &Value::Null, &json!("ours")));
    assert_eq!(one(&read, "templates", "name", "ours")["labels"], json!({"a": "'\"\n;"}));
    assert_eq!(read["groups"].as_array().unwrap().len(), 4);
    python(&url, &["write", &ours.to_string()]);
    let whole = store.get_whole(ours).await.unwrap();
    assert_eq!((whole.cluster.status, whole.cluster.labels.get("written")), (Some(ClusterStatus::UpdateComplete), Some("by Python")));
    assert_eq!(whole.template.tags.as_deref(), Some("by Python"));
    let groups: Vec<_> = whole.groups.iter().map(|g| (g.name.as_str(), g.node_count, g.node_taints.len())).collect();
    assert_eq!(groups, [("default-master", 1, 0), ("default-worker", 9, 1), ("added", 2, 0)], "what Python does not know is kept");
    python(&url, &["upgrade"]);
    assert_eq!(magnums(&server), before);

    // A newer Magnum adds the columns that were missing, as its migrations c0f832afc4fd, d7e6a4d39fe4 and b3e1cf4a2d5e do.
    let newer = "ALTER TABLE cluster_template ADD COLUMN driver VARCHAR(255) NULL; \
                 ALTER TABLE cluster DROP COLUMN trust_id, DROP COLUMN trustee_username, DROP COLUMN trustee_user_id, DROP COLUMN trustee_password; \
                 ALTER TABLE nodegroup ADD COLUMN node_labels TEXT NULL, ADD COLUMN node_taints TEXT NULL; \
                 UPDATE alembic_version SET version_num = 'b3e1cf4a2d5e'";
    server.sql("magnum", newer).unwrap();
    let store = Store::connect(&url, &limits).await.unwrap();
    let whole = store.get_whole(ours).await.unwrap();
    assert_eq!((whole.template.driver.as_deref(), whole.groups[1].node_labels["zone"].as_str()), (Some("k8s_cluster_api_flatcar"), "ä"));
    assert_eq!(server.sql("magnum", "SELECT COUNT(*) FROM mg_column").unwrap().trim(), "0", "values are where they belong");
    assert_eq!(server.sql("magnum", "SELECT COUNT(*) FROM nodegroup WHERE node_taints LIKE '%NoSchedule%'").unwrap().trim(), "1");
    assert!(Inspection::open(&url, &limits).await.unwrap().check().await.unwrap().is_empty());

    // What is not known is not touched.
    for (id, said) in [("456126c6c9e9", "magnum-db-manage upgrade"), ("ffffffffffff", "does not know")] {
        server.sql("magnum", &format!("UPDATE alembic_version SET version_num = '{id}'")).unwrap();
        let told = Store::connect(&url, &limits).await.err().unwrap().to_string();
        assert!(told.contains(said), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_zed_is_copied_and_python_goes_on_with_the_copy() {
    let server = DatabaseServer::start(DatabaseKind::MariaDb).unwrap();
    let (url, limits) = (server.create("magnum").unwrap(), Limits::default());
    python(&url, &["upgrade"]);
    python(&url, &["fill"]);
    let expected = python(&url, &["read"]);
    let postgres = DatabaseServer::start(DatabaseKind::Postgres).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = format!("sqlite:///{}", dir.path().join("magnum.db").display());
    // Straight from Python's tables, before anything of ours was there.
    for to in [postgres.create("magnum").unwrap(), file, server.create("again").unwrap()] {
        let copied = copy(&url, &to, &limits).await.unwrap();
        assert_eq!(copied.iter().map(|one| one.rows).sum::<i64>(), 8, "{copied:?}");
        assert_eq!(python(&to, &["read"]), expected, "{to}");
        let store = Store::connect(&to, &limits).await.unwrap();
        is_read_right(&store).await;
        let ours = write(&store).await;
        store.close().await;
        let read = python(&to, &["read"]);
        assert_eq!(one(&read, "clusters", "uuid", &ours.to_string())["node_count"], 2);
        python(&to, &["write", CLUSTER]);
        assert_eq!(python(&to, &["delete", &ours.to_string()])["left"], json!([CLUSTER]));
        let store = Store::connect(&to, &limits).await.unwrap();
        assert!(matches!(store.get_cluster(&Scope::All, ours).await, Err(Error::NotFound { .. })));
        assert_eq!(store.list_all_nodegroups(CLUSTER.parse().unwrap()).await.unwrap()[1].node_count, 9);
        assert_eq!(store.get_template(TEMPLATE.parse().unwrap()).await.unwrap().tags.as_deref(), Some("by Python"));
    }
}
