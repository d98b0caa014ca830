// SPDX-License-Identifier: Apache-2.0
//! What databases do differently unless they are told: case, order, length and kind of text, numbers.

use crate::make::*;
use magnum_store::*;
use magnum_types::*;
use secrecy::ExposeSecret;
use std::time::Duration;

pub async fn names_and_projects_are_compared_exactly(store: Store) {
    for name in ["Name", "name", "name ", "ñame"] {
        store.insert_template(template(name)).await.unwrap();
    }
    for name in ["Name", "name", "name ", "ñame"] {
        assert_eq!(store.find_template(&Scope::All, name).await.unwrap().name, name);
    }
    for name in ["NAME", "nam\u{1f680}", "name  "] {
        assert!(matches!(store.find_template(&Scope::All, name).await, Err(Error::NotFound { .. })), "{name:?}");
    }
    let project = |name: &str| Scope::Project(ProjectId(name.to_owned()));
    let page = Page::default();
    assert_eq!(store.list_templates(&project("p"), &page).await.unwrap().len(), 4);
    assert_eq!(store.list_templates(&project("P"), &page).await.unwrap().len(), 0, "another project");
    assert_eq!(store.list_templates(&Scope::User(UserId("U".to_owned())), &page).await.unwrap().len(), 0);
    let (id, _) = with_cluster(&store).await;
    assert_eq!(store.list_clusters(&project("P"), &page).await.unwrap().len(), 0);
    assert_eq!(
        (store.count_clusters(&ProjectId("P".to_owned())).await.unwrap(), store.count_clusters(&ProjectId("p".to_owned())).await.unwrap()),
        (0, 1)
    );
    assert!(store.find_cluster(&Scope::All, "C1").await.is_err());
    assert!(store.find_nodegroup(id, "Default-worker").await.is_err());
    assert_eq!(store.find_nodegroup(id, "default-worker").await.unwrap().name, "default-worker");
    assert_eq!(store.list_nodegroups(id, Some("Master"), &page).await.unwrap().len(), 0);
    assert_eq!(store.get_stats(Some(&ProjectId("P".to_owned()))).await.unwrap(), Stats { clusters: 0, nodes: 0 });
    assert!(store.find_template(&Scope::All, "1").await.is_ok(), "by its number");
}

pub async fn pages_have_the_same_order_everywhere(store: Store) {
    for (name, flavor) in
        [("b", None), ("B", Some("ä")), ("_", Some("z")), ("a", Some("Z")), ("ä", Some("a")), ("b", None), ("Ba", Some("é"))]
    {
        let mut one = template(name);
        one.flavor_id = flavor.map(str::to_owned);
        one.public = Some(name == "b");
        store.insert_template(one).await.unwrap();
    }
    let listed = async |key: &str, descending: bool| -> String {
        let (mut page, mut names) = (Page { limit: 2, marker: None, sort_key: key.to_owned(), descending }, String::new());
        loop {
            let part = store.list_templates(&Scope::All, &page).await.unwrap();
            let Some(last) = part.last() else { return names };
            page.marker = Some(last.uuid.to_string());
            names.extend(part.iter().map(|t| format!("{}{} ", t.name, t.id)));
        }
    };
    assert_eq!(listed("id", true).await, "Ba7 b6 ä5 a4 _3 B2 b1 ");
    assert_eq!(listed("name", false).await, "B2 Ba7 _3 a4 b1 b6 ä5 ");
    assert_eq!(listed("name", true).await, "ä5 b6 b1 a4 _3 Ba7 B2 ");
    assert_eq!(listed("flavor_id", false).await, "b1 b6 a4 ä5 _3 B2 Ba7 ", "those without a value first");
    assert_eq!(listed("flavor_id", true).await, "Ba7 B2 _3 ä5 a4 b6 b1 ");
    assert_eq!(listed("public", false).await, "B2 _3 a4 ä5 Ba7 b1 b6 ");
    assert_eq!(listed("apiserver_port", true).await, "Ba7 b6 ä5 a4 _3 B2 b1 ");
    assert_eq!(listed("created_at", false).await, "b1 B2 _3 a4 ä5 b6 Ba7 ");
    let unknown = Page { marker: Some(TemplateId::random().to_string()), ..Page::default() };
    assert!(store.list_templates(&Scope::All, &unknown).await.unwrap().is_empty());
}

pub async fn long_and_strange_text_comes_back(store: Store) {
    let (id, lease) = with_cluster(&store).await;
    let reason = format!("{}\u{1f680}", "ä".repeat(40_000));
    let labels = Labels([("k\u{1f680}".to_owned(), "\0\u{7f}\\\"'?$1{update}".to_owned())].into());
    let health = serde_json::json!({"api": "ok \u{1f680} ".repeat(2000)});
    let fields = [
        ClusterField::StatusReason(Some(reason)),
        ClusterField::Labels(labels.clone()),
        ClusterField::HealthStatusReason(health.as_object().unwrap().clone()),
    ];
    store.update_cluster(&lease, id, &fields).await.unwrap();
    let cluster = store.get_cluster(&Scope::All, id).await.unwrap();
    assert_eq!(cluster.status_reason.unwrap(), "ä".repeat(32_767), "cut where the database ends");
    assert_eq!((cluster.labels, serde_json::Value::Object(cluster.health_status_reason)), (labels, health));
    store.update_cluster(&lease, id, &[ClusterField::StatusReason(Some("a\u{1f680}\0b".to_owned()))]).await.unwrap();
    let reason = store.get_cluster(&Scope::All, id).await.unwrap().status_reason.unwrap();
    let rocket = if store.dialect() == Dialect::Mysql { '\u{fffd}' } else { '\u{1f680}' };
    assert_eq!(reason, format!("a{rocket}\u{fffd}b"));
    let tree = serde_json::json!({"big": "x\u{1f680}".repeat(200_000)});
    store.update_observed(&lease, id, &tree).await.unwrap();
    assert_eq!(store.get_observed(id).await.unwrap().unwrap().0, tree);
    let event = NewEvent {
        node: None,
        step: "s".repeat(100),
        state: StepState::Done,
        detail: "\u{1f680}\0".repeat(3000),
        duration_ms: Some(i64::MAX),
    };
    store.insert_events(&lease, id, vec![event]).await.unwrap();
    let event = store.list_newest_events(id, 1).await.unwrap().remove(0);
    assert_eq!((event.step.len(), event.detail.chars().count(), event.duration_ms), (64, 2000, Some(i64::MAX)));
    let mut named = template("n");
    named.name = "\u{1f680}".to_owned();
    match (store.insert_template(named).await, store.dialect()) {
        (Err(Error::Unstorable { reason }), Dialect::Mysql) => assert!(reason.contains("name"), "{reason}"),
        (Ok(made), Dialect::Sqlite | Dialect::Postgres) => assert_eq!(made.name, "\u{1f680}"),
        other => panic!("{other:?}"),
    }
    let (mut long, too_long) = (template("n"), "x".repeat(256));
    long.name = too_long.clone();
    match (store.insert_template(long).await, store.dialect()) {
        (Err(Error::Unstorable { .. }), Dialect::Mysql | Dialect::Postgres) => {}
        (Ok(made), Dialect::Sqlite) => assert_eq!(made.name, too_long),
        other => panic!("{other:?}"),
    }
    let kept = store.insert_private(&lease, id, &[("Key", "A".into()), ("key", "b ".into())], None).await.unwrap();
    assert_eq!((kept["Key"].expose_secret(), kept["key"].expose_secret()), ("A", "b "), "our own tables tell case");
}

pub async fn counts_services_and_quotas(store: Store) {
    let (id, lease) = with_cluster(&store).await;
    let (other, _) = {
        let template = store.insert_template(template("t2")).await.unwrap();
        let two = cluster(template.uuid, "c2");
        let id = two.uuid;
        let operation = Operation::new(id, "create", "req-2", serde_json::Value::Null);
        let groups =
            vec![group(id, "m", "master", 3), group(id, "w", "worker", 4), group(id, "gpu", "gpu", 5), group(id, "odd", "Master", 1)];
        store.insert_cluster(NewCluster { cluster: two, groups, operation }).await.unwrap();
        (id, ())
    };
    let mut counts = store.count_nodes_of(&[id, other, ClusterId::random()]).await.unwrap();
    counts.sort_by_key(|count| count.masters);
    let expected = [NodeCount { cluster: id, masters: 1, workers: 2 }, NodeCount { cluster: other, masters: 3, workers: 10 }];
    assert_eq!(counts, expected);
    assert!(store.count_nodes_of(&[]).await.unwrap().is_empty());
    assert_eq!(store.get_stats(None).await.unwrap(), Stats { clusters: 2, nodes: 16 });
    assert_eq!(store.list_unsettled_clusters().await.unwrap(), [id, other]);
    store.update_cluster(&lease, id, &[ClusterField::Status(ClusterStatus::CreateComplete)]).await.unwrap();
    assert_eq!(store.list_unsettled_clusters().await.unwrap(), [id, other], "its operation is open");
    for _ in 0..3 {
        store.report_service("host", "magnum-conductor").await.unwrap();
    }
    let service = store.list_services().await.unwrap().remove(0);
    assert_eq!((service.report_count, service.disabled, service.forced_down), (2, Some(false), Some(false)));
    assert!(service.last_seen_up.unwrap().as_second() - jiff::Timestamp::now().as_second() > -60);
    let project = ProjectId("q".to_owned());
    let made = store.insert_quota(&project, "Cluster", 7).await.unwrap();
    assert!(matches!(store.insert_quota(&project, "Cluster", 8).await, Err(Error::Exists { .. })));
    assert_eq!(store.update_quota(&project, "Cluster", 7).await.unwrap().hard_limit, 7, "the same value is no error");
    assert!(store.has_quota(made.id).await.unwrap() && !store.has_quota(made.id + 1).await.unwrap());
    let page = Page { marker: Some(made.id.to_string()), ..Page::default() };
    assert!(store.list_quotas(&Scope::All, &page).await.unwrap().is_empty());
    store.delete_quota(&project, "Cluster").await.unwrap();
    assert!(matches!(store.delete_quota(&project, "Cluster").await, Err(Error::NotFound { .. })));
    assert_eq!(store.take_lease("other", "me", Duration::from_secs(1)).await.unwrap().unwrap().generation, 1);
}
