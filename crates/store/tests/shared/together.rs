// SPDX-License-Identifier: Apache-2.0
//! Many at the same time: what is checked before it is written must still hold when it is written.

use crate::make::*;
use magnum_store::*;
use magnum_types::*;
use secrecy::SecretString;
use std::time::Duration;
use tokio::task::JoinSet;

/// How many there are.
const MANY: usize = 12;

fn new_cluster(template: TemplateId) -> NewCluster {
    let cluster = cluster(template, "many");
    let id = cluster.uuid;
    let groups = vec![group(id, "default-worker", "worker", 1)];
    NewCluster { cluster, groups, operation: Operation::new(id, "create", "req", serde_json::Value::Null) }
}

pub async fn a_quota_holds_whoever_asks_at_the_same_time(store: Store) {
    let template = store.insert_template(template("t")).await.unwrap().uuid;
    let mut asked = JoinSet::new();
    for _ in 0..MANY {
        let store = store.clone();
        asked.spawn(async move { store.insert_cluster_within(new_cluster(template), 3).await });
    }
    let answers = asked.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3, "{answers:?}");
    assert!(answers.iter().all(|answer| matches!(answer, Ok(()) | Err(Error::Limit { limit: 3 }))), "{answers:?}");
    assert_eq!(store.count_clusters(&ProjectId("p".to_owned())).await.unwrap(), 3);
}

pub async fn one_of_many_gets_the_lease(store: Store) {
    for round in 0..5 {
        let mut asked = JoinSet::new();
        for n in 0..MANY {
            let (store, name) = (store.clone(), format!("lease/{}", round % 2));
            asked.spawn(async move { store.take_lease(&name, &format!("holder-{round}-{n}"), Duration::from_secs(60)).await.unwrap() });
        }
        let leases: Vec<Lease> = asked.join_all().await.into_iter().flatten().collect();
        assert_eq!(leases.len(), 1, "{leases:?}");
        store.release_lease(&leases[0]).await.unwrap();
    }
}

pub async fn a_template_in_use_is_not_deleted(store: Store) {
    for _ in 0..4 {
        let template = store.insert_template(template("t")).await.unwrap().uuid;
        let mut asked = JoinSet::new();
        for n in 0..MANY {
            let store = store.clone();
            asked.spawn(async move {
                if n % 4 == 3 {
                    store.delete_template(template).await.is_ok()
                } else {
                    store.insert_cluster(new_cluster(template)).await.is_err()
                }
            });
        }
        asked.join_all().await;
        let used = store.list_clusters(&Scope::All, &Page::default()).await.unwrap().iter().any(|c| c.cluster_template_id == template);
        assert_eq!(store.get_template(template).await.is_ok(), used, "with clusters it stays, without it goes");
    }
}

pub async fn events_are_seen_in_their_order(store: Store) {
    let (id, lease) = with_cluster(&store).await;
    let nodes: Vec<Node> = (0..4)
        .map(|n| {
            let name = NodeName::parse(&format!("node-{n}")).unwrap();
            Node::new(id, name, NodeGroupId::random(), Role::Worker, n, "10.0.0.6".to_owned(), "h".to_owned())
        })
        .collect();
    store.replace_nodes(&lease, id, &[], &nodes).await.unwrap();
    let mut writing = JoinSet::new();
    for node in nodes.clone() {
        let store = store.clone();
        writing.spawn(async move {
            for seq in 1..=10 {
                store.record_report(&node, &report("b", &[(seq, "disk", StepState::Done)])).await.unwrap();
            }
        });
    }
    // A reader that goes on from the last number it saw must see all forty.
    let (mut after, mut seen) = (0, 0);
    let mut news = store.changed(id);
    let reading = async {
        while seen < 40 {
            for event in store.list_events(id, after, 1000).await.unwrap() {
                after = event.id;
                seen += 1;
            }
            if seen < 40 {
                news.changed().await.unwrap();
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), reading).await.expect("an event was passed over");
    writing.join_all().await;
}

pub async fn writers_of_the_same_rows_all_come_through(store: Store) {
    let (id, lease) = with_cluster(&store).await;
    let whole = store.get_whole(id).await.unwrap();
    let mut writing = JoinSet::new();
    for n in 0..MANY {
        let (store, lease, group) = (store.clone(), lease.clone(), whole.groups[n % 2].uuid);
        writing.spawn(async move {
            match n % 3 {
                0 => {
                    let mut request = Request::new(Operation::new(id, "resize", "req", serde_json::Value::Null));
                    request.groups = vec![(group, vec![NodeGroupField::NodeCount(n as i64)])];
                    store.request(request).await.unwrap();
                }
                1 => store.update_cluster(&lease, id, &[ClusterField::ApiAddress(Some(n.to_string()))]).await.unwrap(),
                _ => store.put_rendezvous(id, "token", &SecretString::from(n.to_string())).await.unwrap(),
            }
        });
    }
    writing.join_all().await;
    assert_eq!(store.list_open_operations(id).await.unwrap().len(), 1 + MANY / 3);
    assert_eq!(store.list_private(id).await.unwrap().len(), 1);
    for _ in 0..4 {
        let (store, other) = (store.clone(), store.clone());
        let one = tokio::spawn(async move { store.report_service("h", "magnum-conductor").await });
        let two = tokio::spawn(async move { other.report_service("h", "magnum-conductor").await });
        one.await.unwrap().unwrap();
        two.await.unwrap().unwrap();
    }
    assert_eq!(store.list_services().await.unwrap()[0].report_count, 7);
}

pub async fn readers_at_the_same_time_see_all_that_was_written_before(store: Store) {
    let (id, lease) = with_cluster(&store).await;
    let shown = store.find_shown(&Scope::All, "c1").await.unwrap();
    let counts: Vec<_> = shown.groups.iter().map(|group| (group.name.as_str(), group.node_count)).collect();
    assert_eq!(counts, [("default-master", 1), ("default-worker", 2)]);
    assert_eq!((shown.cluster.uuid, shown.template.get("a")), (id, Some("'\"\n;")));
    let project = |name: &str| Scope::Project(ProjectId(name.to_owned()));
    let mut reading = JoinSet::new();
    for reader in 0..MANY {
        let (store, own, other) = (store.clone(), project("p"), project("other"));
        reading.spawn(async move {
            for _ in 0..10 {
                match reader % 3 {
                    0 => assert_eq!(store.find_shown(&own, &id.to_string()).await.unwrap().groups.len(), 2),
                    1 => assert!(matches!(store.find_shown(&other, &id.to_string()).await, Err(Error::NotFound { .. }))),
                    _ => assert!(store.find_shown(&own, &ClusterId::random().to_string()).await.is_err()),
                }
            }
        });
    }
    for n in 0..20 {
        store.update_cluster(&lease, id, &[ClusterField::ApiAddress(Some(n.to_string()))]).await.unwrap();
        let shown = store.find_shown(&Scope::All, &id.to_string()).await.unwrap();
        assert_eq!(shown.cluster.api_address, Some(n.to_string()), "an older answer was given");
    }
    reading.join_all().await;
}
