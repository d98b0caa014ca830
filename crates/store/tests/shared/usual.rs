// SPDX-License-Identifier: Apache-2.0
//! The store as its callers use it: wanted states, fenced records, reports, pages, deletion. Each body gets an empty
//! database of its own, of any of the three kinds.

use crate::make::*;
use magnum_store::*;
use magnum_types::*;
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

pub async fn a_request_is_stored_whole_and_wakes_the_conductor(store: Store) {
    let (id, lease) = with_cluster(&store).await;
    let mut news = store.changes();
    let whole = store.get_whole(id).await.unwrap();
    assert_eq!(whole.template.labels.get("a"), Some("'\"\n;"));
    let mut request = Request::new(Operation::new(id, "resize", "req-2", serde_json::json!({"nodes_to_remove": ["node-1"]})));
    request.not_while = vec![ClusterStatus::DeleteInProgress];
    request.groups = vec![(whole.groups[1].uuid, vec![NodeGroupField::NodeCount(5)])];
    store.request(request.clone()).await.unwrap();
    assert_eq!(news.recv().await.unwrap(), Change { cluster: id, cause: Cause::Wanted });
    assert_eq!(store.get_whole(id).await.unwrap().groups[1].node_count, 5);
    let open = store.list_open_operations(id).await.unwrap();
    assert_eq!(open.iter().map(|o| o.kind.as_str()).collect::<Vec<_>>(), ["create", "resize"]);
    let ids: Vec<_> = open.iter().map(|o| o.id).collect();
    store.finish_operations(&lease, id, &ids, OperationState::Done, "").await.unwrap();
    assert!(store.list_open_operations(id).await.unwrap().is_empty());
    store.update_cluster(&lease, id, &[ClusterField::Status(ClusterStatus::DeleteInProgress)]).await.unwrap();
    request.operation.id = OperationId::random();
    assert!(matches!(store.request(request).await, Err(Error::Status { .. })));
    assert!(store.list_open_operations(id).await.unwrap().is_empty(), "a refused request leaves nothing");
    assert_eq!(store.list_unsettled_clusters().await.unwrap(), [id]);
    assert_eq!(store.list_kept_clusters().await.unwrap(), [id]);
    assert_eq!(store.get_stats(None).await.unwrap(), Stats { clusters: 1, nodes: 6 });
}

pub async fn who_lost_the_lease_writes_nothing(store: Store) {
    let (id, lease) = with_cluster(&store).await;
    let newer = store.take_lease(&lease.name, "me", Duration::from_secs(60)).await.unwrap().unwrap();
    let fields = [ClusterField::Status(ClusterStatus::CreateFailed), ClusterField::StatusReason(Some("x".to_owned()))];
    assert!(matches!(store.update_cluster(&lease, id, &fields).await, Err(Error::Fenced { .. })));
    assert!(matches!(store.delete_cluster(&lease, id, &[]).await, Err(Error::Fenced { .. })));
    store.update_cluster(&newer, id, &fields).await.unwrap();
    let cluster = store.find_cluster(&Scope::Project(ProjectId("p".to_owned())), "c1").await.unwrap();
    assert_eq!((cluster.status, cluster.status_reason.as_deref()), (Some(ClusterStatus::CreateFailed), Some("x")));
    assert!(store.find_cluster(&Scope::Project(ProjectId("other".to_owned())), "c1").await.is_err());
}

pub async fn reports_are_counted_once_and_move_the_node(store: Store) {
    let (id, lease) = with_cluster(&store).await;
    let name = NodeName::parse("node-0").unwrap();
    let make = || Node::new(id, name.clone(), NodeGroupId::random(), Role::Worker, 0, "10.0.0.6".to_owned(), "h".to_owned());
    store.update_cluster(&lease, id, &[ClusterField::Status(ClusterStatus::CreateComplete)]).await.unwrap();
    let open: Vec<_> = store.list_open_operations(id).await.unwrap().iter().map(|operation| operation.id).collect();
    store.finish_operations(&lease, id, &open, OperationState::Done, "").await.unwrap();
    assert!(store.list_kept_clusters().await.unwrap().is_empty(), "a cluster without nodes of ours is another engine's");
    store.replace_nodes(&lease, id, &[], &[make()]).await.unwrap();
    assert_eq!(store.list_kept_clusters().await.unwrap(), [id]);
    let node = store.get_node(id, &name).await.unwrap();
    let first = report("b1", &[(1, "disk", StepState::Done), (2, "ready", StepState::Done)]);
    assert_eq!(store.record_report(&node, &first).await.unwrap(), 2);
    assert_eq!(store.record_report(&node, &first).await.unwrap(), 0);
    assert_eq!(store.get_node(id, &name).await.unwrap().status, NodeStatus::Ready);
    store.record_report(&node, &report("b2", &[(3, "disk", StepState::Failed)])).await.unwrap();
    let failed = store.get_node(id, &name).await.unwrap();
    assert_eq!((failed.status, failed.ready_at), (NodeStatus::Failed, None));
    assert_eq!(store.list_events(id, 0, 100).await.unwrap().len(), 3);
    let all = store.list_events(id, 0, 100).await.unwrap();
    assert_eq!(store.list_events(id, all[1].id, 100).await.unwrap()[0].seq, Some(3));
    store.replace_nodes(&lease, id, std::slice::from_ref(&name), &[make()]).await.unwrap();
    assert!(matches!(store.record_report(&node, &first).await, Err(Error::NotFound { .. })), "the old life cannot report");
    let reborn = store.get_node(id, &name).await.unwrap();
    assert_eq!(store.record_report(&reborn, &first).await.unwrap(), 2, "a new life counts from 1 again");
}

pub async fn values_left_for_others_wake_them_and_delete_leaves_nothing(store: Store) {
    let (id, lease) = with_cluster(&store).await;
    let mut news = store.changed(id);
    store.put_rendezvous(id, "swarm-worker-token", &SecretString::from("t")).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), news.changed()).await.unwrap().unwrap();
    assert_eq!(store.get_rendezvous(id, "swarm-worker-token").await.unwrap().unwrap().expose_secret(), "t");
    let kept = store.insert_private(&lease, id, &[("address", SecretString::from("a"))], None).await.unwrap();
    assert_eq!(kept.len(), 2);
    let kept = store.insert_private(&lease, id, &[("address", SecretString::from("b"))], None).await.unwrap();
    assert_eq!(kept["address"].expose_secret(), "a", "what was chosen first stays");
    store.delete_cluster(&lease, id, &[]).await.unwrap();
    assert!(store.get_cluster(&Scope::All, id).await.is_err());
    assert!(store.list_private(id).await.unwrap().is_empty());
    assert!(store.list_all_nodegroups(id).await.unwrap().is_empty());
}

pub async fn pages_follow_each_other_whatever_the_key(store: Store) {
    let mut ids = vec![];
    for (name, flavor) in [("b", None), ("a", Some("x")), ("c", None), ("a", Some("w")), ("d", Some("x"))] {
        let mut one = template(name);
        one.flavor_id = flavor.map(str::to_owned);
        ids.push(store.insert_template(one).await.unwrap().uuid);
    }
    for key in ["id", "name", "flavor_id", "created_at"] {
        for descending in [false, true] {
            let mut page = Page { limit: 10, marker: None, sort_key: key.to_owned(), descending };
            let all: Vec<_> = store.list_templates(&Scope::All, &page).await.unwrap().iter().map(|t| t.uuid).collect();
            let mut walked = vec![];
            page.limit = 2;
            loop {
                let part = store.list_templates(&Scope::All, &page).await.unwrap();
                let Some(last) = part.last() else { break };
                page.marker = Some(last.uuid.to_string());
                walked.extend(part.iter().map(|t| t.uuid));
            }
            assert_eq!(walked, all, "{key} {descending}");
            assert_eq!(walked.len(), ids.len());
        }
    }
}

pub async fn the_last_reports_are_kept_and_go_with_their_cluster(store: Store) {
    let (id, lease) = with_cluster(&store).await;
    let mut made = vec![];
    for n in 0..7 {
        let one = Diagnosis::new(uuid::Uuid::new_v4(), id, "user", serde_json::json!({ "n": n }));
        store.insert_diagnosis(&one).await.unwrap();
        made.push(one.id);
    }
    let kept: Vec<_> = store.list_diagnoses(id).await.unwrap().iter().map(|d| d.report["n"].as_i64().unwrap()).collect();
    assert_eq!(kept, [6, 5, 4, 3, 2]);
    assert_eq!(store.get_report(id).await.unwrap(), Some(serde_json::json!({"n": 6})));
    assert_eq!(store.get_diagnosis(id, made[3]).await.unwrap().report["n"], 3);
    assert!(matches!(store.get_diagnosis(id, made[0]).await, Err(Error::NotFound { .. })));
    for n in 7..14 {
        let one = Diagnosis::new(uuid::Uuid::new_v4(), id, "conductor", serde_json::json!({ "n": n }));
        store.insert_diagnosis(&one).await.unwrap();
    }
    let kept: Vec<_> = store.list_diagnoses(id).await.unwrap().iter().map(|d| d.report["n"].as_i64().unwrap()).collect();
    assert_eq!(kept, [13, 12, 11, 10, 9, 6, 5, 4, 3, 2], "the conductor's push no user's out");
    assert_eq!(store.get_last_diagnosis(id, "user").await.unwrap().unwrap().report["n"], 6);
    assert!(matches!(store.get_diagnosis(ClusterId::random(), made[3]).await, Err(Error::NotFound { .. })), "of another cluster");
    store.delete_cluster(&lease, id, &[]).await.unwrap();
    assert!(store.list_diagnoses(id).await.unwrap().is_empty());
    let late = Diagnosis::new(uuid::Uuid::new_v4(), id, "conductor", serde_json::Value::Null);
    assert!(matches!(store.insert_diagnosis(&late).await, Err(Error::NotFound { .. })), "the cluster is gone");
}

pub async fn stages_come_from_reports_and_measurements_from_nodes_that_came_up(store: Store) {
    let (id, lease) = with_cluster(&store).await;
    let name = NodeName::parse("node-0").unwrap();
    let node = Node::new(id, name.clone(), NodeGroupId::random(), Role::Worker, 0, "10.0.0.6".to_owned(), "h".to_owned());
    store.replace_nodes(&lease, id, &[], std::slice::from_ref(&node)).await.unwrap();
    let cluster = store.get_cluster(&Scope::All, id).await.unwrap();
    let mut told = report("b1", &[(1, "docker", StepState::Started), (2, "docker", StepState::Waiting), (3, "docker", StepState::Done)]);
    told.events[2].duration_ms = Some(1500);
    store.record_report(&node, &told).await.unwrap();
    let stages = store.get_stages(&cluster, Coe::Swarm).await.unwrap();
    assert_eq!(
        stages.nodes[0].reports.iter().map(|r| r.state).collect::<Vec<_>>(),
        told.events.iter().map(|e| e.state).collect::<Vec<_>>()
    );
    assert_eq!(stages.deadline, stages.began.checked_add(time_limit(&cluster)).ok());
    assert!(store.list_new_samples(&cluster, stages.began).await.unwrap().is_empty(), "it has not come up");
    store.record_report(&node, &report("b1", &[(4, "ready", StepState::Done)])).await.unwrap();
    let samples = store.list_new_samples(&cluster, stages.began).await.unwrap();
    assert_eq!(samples.iter().map(|s| (s.step.as_str(), s.took_ms)).collect::<Vec<_>>(), [("boot", 0), ("docker", 1500)]);
    for _ in 0..30 {
        store.insert_samples(&lease, Coe::SwarmMode, &[samples[1].clone(), samples[1].clone()]).await.unwrap();
    }
    let usual = store.get_usual(Coe::Swarm).await.unwrap();
    assert_eq!((usual.of(Role::Worker, "docker").usual_ms, usual.of(Role::Worker, "docker").measured), (1500, 40), "and not 60");
    assert_eq!(store.get_usual(Coe::Kubernetes).await.unwrap().of(Role::Worker, "docker").measured, 0);
}
