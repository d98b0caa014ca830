// SPDX-License-Identifier: Apache-2.0
//! What a request leaves in the store for the conductor, before its answer.

use crate::fake::{app, cluster, member};
use magnum_store::{Cause, ClusterField, NodeGroupField};
use magnum_types::{ClusterId, ClusterStatus};
use serde_json::{Value, json};
use std::time::Duration;

async fn kinds(app: &magnum_api::App, id: ClusterId) -> Vec<String> {
    app.store.list_open_operations(id).await.unwrap().into_iter().map(|operation| operation.kind).collect()
}

async fn complete(app: &magnum_api::App, id: ClusterId) {
    let lease = app.store.take_lease("test", "test", Duration::from_secs(60)).await.unwrap().unwrap();
    let fields =
        [ClusterField::Status(ClusterStatus::CreateComplete), ClusterField::ApiAddress(Some("https://198.18.0.1:6443".to_owned()))];
    app.store.update_cluster(&lease, id, &fields).await.unwrap();
    for group in app.store.list_all_nodegroups(id).await.unwrap() {
        let fields = [NodeGroupField::Status(ClusterStatus::CreateComplete)];
        app.store.update_nodegroup(&lease, id, group.uuid, &fields).await.unwrap();
    }
}

#[tokio::test]
async fn a_create_is_rows_an_operation_and_a_wake_up() {
    let app = app().await;
    let mut news = app.store.changes();
    let id = cluster(&app, "kubernetes").await;
    let change = news.recv().await.unwrap();
    assert_eq!((change.cluster, change.cause), (id, Cause::Wanted));
    let whole = app.store.get_whole(id).await.unwrap();
    assert_eq!(whole.cluster.status, Some(ClusterStatus::CreateInProgress));
    assert_eq!(whole.cluster.create_timeout, Some(60));
    let groups: Vec<_> = whole.groups.iter().map(|g| (g.name.as_str(), g.role.as_str(), g.node_count, g.is_default)).collect();
    assert_eq!(groups, [("default-master", "master", 1, true), ("default-worker", "worker", 2, true)]);
    assert_eq!(whole.groups[1].image_id.as_deref(), Some("fcos"));
    assert_eq!(kinds(&app, id).await, ["create"]);
}

#[tokio::test]
async fn sizes_change_at_once_and_a_running_create_stays_one() {
    let app = app().await;
    let id = cluster(&app, "kubernetes").await;
    let answer = member(&app, "POST", "/v1/clusters/c1/actions/resize", json!({"node_count": 4, "nodes_to_remove": ["node-0"]})).await;
    assert_eq!(answer.status, 202);
    let whole = app.store.get_whole(id).await.unwrap();
    assert_eq!((whole.cluster.status, whole.groups[1].node_count), (Some(ClusterStatus::CreateInProgress), 4));
    complete(&app, id).await;
    let patch = json!([{"op": "replace", "path": "/node_count", "value": 1}]);
    assert_eq!(member(&app, "PATCH", "/v1/clusters/c1", patch).await.status, 202);
    let whole = app.store.get_whole(id).await.unwrap();
    assert_eq!((whole.cluster.status, whole.groups[1].node_count), (Some(ClusterStatus::UpdateInProgress), 1));
    assert_eq!(kinds(&app, id).await, ["create", "resize", "update"]);
    let resize = &app.store.list_open_operations(id).await.unwrap()[1];
    assert_eq!(resize.input["nodes_to_remove"], json!(["node-0"]));
}

#[tokio::test]
async fn groups_come_and_go_as_wishes() {
    let app = app().await;
    let id = cluster(&app, "kubernetes").await;
    complete(&app, id).await;
    let taint = json!([{"key": "gpu", "effect": "NoSchedule"}]);
    let answer = member(&app, "POST", "/v1/clusters/c1/nodegroups", json!({"name": "gpu", "node_count": 2, "node_taints": taint})).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    let shown = member(&app, "GET", "/v1/clusters/c1", Value::Null).await.body;
    assert_eq!((&shown["node_count"], &shown["status"]), (&json!(4), &json!("UPDATE_IN_PROGRESS")));
    assert_eq!(member(&app, "DELETE", "/v1/clusters/c1/nodegroups/gpu", Value::Null).await.status, 204);
    let group = app.store.find_nodegroup(id, "gpu").await.unwrap();
    assert_eq!((group.status, group.node_count), (Some(ClusterStatus::DeleteInProgress), 0));
}

#[tokio::test]
async fn a_delete_is_asked_once_and_ends_all_other_wishes() {
    let app = app().await;
    let id = cluster(&app, "kubernetes").await;
    for _ in 0..2 {
        assert_eq!(member(&app, "DELETE", "/v1/clusters/c1", Value::Null).await.status, 204);
    }
    assert_eq!(kinds(&app, id).await, ["create", "delete"]);
    let resize = member(&app, "POST", "/v1/clusters/c1/actions/resize", json!({"node_count": 4})).await;
    assert_eq!((resize.status, resize.detail()), (400, "Resizing a cluster when status is \"DELETE_IN_PROGRESS\" is not supported."));
    let template = member(&app, "DELETE", "/v1/clustertemplates/t", Value::Null).await;
    assert_eq!(template.status, 400);
}

#[tokio::test]
async fn swarm_is_a_coe_and_mesos_is_not() {
    let app = app().await;
    for coe in ["swarm", "swarm-mode"] {
        let answer = member(&app, "POST", "/v1/clustertemplates", json!({"image_id": "fcos", "coe": coe})).await;
        assert_eq!((answer.status, &answer.body["network_driver"], &answer.body["coe"]), (201, &json!("docker"), &json!(coe)));
    }
    let answer = member(&app, "POST", "/v1/clustertemplates", json!({"image_id": "fcos", "coe": "mesos"})).await;
    assert_eq!((answer.status, answer.detail()), (400, "Requested COE type mesos is not supported."));
}
