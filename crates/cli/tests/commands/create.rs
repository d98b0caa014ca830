// SPDX-License-Identifier: Apache-2.0
//! What the commands that change something send, compared with what the Python clients send.

use crate::fixture::{C1, CT1, Fixture, recorded};
use insta::assert_snapshot;
use serde_json::{Value, json};

async fn ready() -> Fixture {
    let server = Fixture::start().await;
    server.c1();
    server.on("POST /v1/clusters", 202, json!({"uuid": C1})).on("POST /v1/clustertemplates", 201, recorded(19).2);
    server.on("PATCH /v1/clusters/c1", 202, json!({"uuid": C1})).on("PATCH /v1/clustertemplates/ct1", 200, recorded(88).2);
    server.on("POST /v1/clusters/c1/actions/resize", 202, json!({"uuid": C1}));
    server.on("POST /v1/clusters/c1/nodegroups", 202, recorded(248).2).on("PATCH /v1/clusters/c1/nodegroups/ng1", 202, recorded(273).2);
    server.on("DELETE /v1/clusters/c1/nodegroups/ng1", 204, Value::Null).on("DELETE /v1/clustertemplates/ct1", 204, Value::Null);
    server
}

#[tokio::test]
async fn a_cluster_is_asked_for_as_the_python_client_does() {
    for (args, wanted) in [
        (
            &["cluster", "create", "c1", "--cluster-template", "ct1"][..],
            json!({"cluster_template_id": CT1, "node_count": 1, "master_count": 1, "create_timeout": 60, "name": "c1"}),
        ),
        (
            &[
                "cluster",
                "create",
                "c1",
                "--cluster-template",
                "ct1",
                "--node-count",
                "0",
                "--master-count",
                "3",
                "--timeout",
                "0",
                "--labels",
                "a=b,c=d",
                "--merge-labels",
                "--floating-ip-disabled",
                "--master-lb-enabled",
                "--flavor",
                "m1.tiny",
            ],
            json!({"cluster_template_id": CT1, "node_count": 0, "master_count": 3, "create_timeout": 0, "name": "c1", "flavor_id": "m1.tiny",
                "floating_ip_enabled": false, "master_lb_enabled": true, "labels": {"a": "b", "c": "d"}, "merge_labels": true}),
        ),
        (
            &["bay-create", "--name", "b1", "--baymodel", "ct1", "--node-count", "2"],
            json!({"cluster_template_id": CT1, "node_count": 2, "master_count": 1, "create_timeout": 60, "name": "b1"}),
        ),
        (
            &["cluster-create", "b1", "--cluster-template", "ct1", "--keypair", "k"],
            json!({"cluster_template_id": CT1, "node_count": 1, "master_count": 1, "create_timeout": 60, "name": "b1", "keypair": "k"}),
        ),
    ] {
        let server = ready().await;
        let ended = server.magnum(args).await;
        assert_eq!((ended.code, ended.out.as_str()), (0, format!("Request to create cluster {C1} accepted\n").as_str()), "{}", ended.err);
        assert_eq!(server.sent("POST /v1/clusters"), wanted, "{args:?}");
    }
    let server = ready().await;
    let ended = server.magnum(&["cluster", "create", "c1", "--cluster-template", "ct1", "-o", "json"]).await;
    assert_eq!(ended.json(), json!({"uuid": C1, "name": "c1", "request": "create"}));
    assert_eq!(server.magnum(&["cluster", "create", "c1", "--cluster-template", "ct1", "-o", "value"]).await.out, format!("{C1}\n"));
}

#[tokio::test]
async fn a_template_needs_nothing_but_a_coe() {
    let defaults = json!({"coe": "kubernetes", "image_id": "debian-12", "external_network_id": "public", "flavor_id": "m1.small", "dns_nameserver": "8.8.8.8",
        "docker_storage_driver": "overlay2", "server_type": "vm", "tls_disabled": false, "public": false, "registry_enabled": false,
        "master_lb_enabled": false, "hidden": false, "name": "k8s", "master_flavor_id": "m1.small"});
    for args in [
        &["cluster-template", "create", "k8s", "--coe", "kubernetes"][..],
        &["baymodel-create", "--name", "k8s"],
        &["cluster-template-create", "k8s", "--coe", "kubernetes"],
    ] {
        let server = ready().await;
        let ended = server.magnum(args).await;
        assert_eq!(ended.code, 0, "{}", ended.err);
        assert_eq!(server.sent("POST /v1/clustertemplates"), defaults, "{args:?}");
    }
    let server = ready().await;
    let args = [
        "baymodel-create",
        "--name",
        "old",
        "--image-id",
        "fedora",
        "--keypair-id",
        "k",
        "--external-network-id",
        "net",
        "--coe",
        "swarm",
        "--flavor-id",
        "big",
        "--tls-disabled",
        "--labels",
        "x=y",
    ];
    assert_snapshot!("baymodel_create", server.magnum(&args).await.seen());
    assert_snapshot!("baymodel_create_sent", serde_json::to_string_pretty(&server.sent("POST /v1/clustertemplates")).unwrap());
    let server = ready().await;
    assert_eq!(
        server.magnum(&["cluster-template", "create", "k", "--coe", "kubernetes", "-o", "value", "-c", "uuid"]).await.out,
        format!("{CT1}\n")
    );
}

#[tokio::test]
async fn changes_are_patches() {
    let replace = |path: &str, value: Value| json!({"op": "replace", "path": path, "value": value});
    for (args, line, wanted) in [
        (&["cluster", "update", "c1", "--node-count", "3"][..], "PATCH /v1/clusters/c1", json!([replace("/node_count", json!(3))])),
        (
            &["cluster", "update", "c1", "replace", "node_count=3", "--rollback"],
            "PATCH /v1/clusters/c1?rollback=True",
            json!([replace("/node_count", json!(3))]),
        ),
        (&["bay-update", "c1", "replace", "node_count=3"], "PATCH /v1/clusters/c1", json!([replace("/node_count", json!(3))])),
        (
            &["cluster", "update", "c1", "--label", "a=b=c", "--no-label", "d"],
            "PATCH /v1/clusters/c1",
            json!([{"op": "add", "path": "/labels/a", "value": "b=c"}, {"op": "remove", "path": "/labels/d"}]),
        ),
        (
            &["cluster-template", "update", "ct1", "--public", "--name", "n", "--tag", "a,b"],
            "PATCH /v1/clustertemplates/ct1",
            json!([replace("/name", json!("n")), replace("/tags", json!("a,b")), replace("/public", json!(true))]),
        ),
        (
            &["cluster-template", "update", "ct1", "--tls-enabled", "--private"],
            "PATCH /v1/clustertemplates/ct1",
            json!([replace("/public", json!(false)), replace("/tls_disabled", json!(false))]),
        ),
        (
            &["baymodel-update", "ct1", "replace", "labels=a=1,b=2"],
            "PATCH /v1/clustertemplates/ct1",
            json!([replace("/labels", json!("{'a': '1', 'b': '2'}"))]),
        ),
        (
            &["nodegroup", "update", "c1", "ng1", "--min-nodes", "1", "--node-labels", "a=b", "--node-taints", "k:NoSchedule"],
            "PATCH /v1/clusters/c1/nodegroups/ng1",
            json!([
                replace("/min_node_count", json!(1)),
                replace("/node_labels", json!("{'a': 'b'}")),
                replace("/node_taints", json!("[{'key': 'k', 'effect': 'NoSchedule'}]"))
            ]),
        ),
    ] {
        let server = ready().await;
        let ended = server.magnum(args).await;
        assert_eq!(ended.code, 0, "{args:?}: {}", ended.err);
        assert_eq!(server.sent(line), wanted, "{args:?}");
    }
}

#[tokio::test]
async fn the_other_requests() {
    let server = ready().await;
    for (args, out) in [
        (
            &["cluster", "resize", "c1", "4", "--nodegroup", "default-worker", "--nodes-to-remove", "node-2"][..],
            "Request to resize cluster c1 has been accepted.\n",
        ),
        (&["cluster", "update", "c1", "--name", "n"], "Request to update cluster c1 has been accepted.\n"),
        (
            &["nodegroup", "create", "c1", "ng1", "--node-count", "2", "--max-nodes", "5", "--labels", "a=b"],
            "Request to create nodegroup 00000000-0000-4000-8000-000000000013 accepted\n",
        ),
        (&["nodegroup", "delete", "c1", "ng1"], "Request to delete nodegroup ng1 has been accepted.\n"),
        (&["cluster-template", "delete", "ct1"], "Request to delete cluster template ct1 has been accepted.\n"),
    ] {
        let ended = server.magnum(args).await;
        assert_eq!((ended.code, ended.out.as_str()), (0, out), "{args:?}: {}", ended.err);
    }
    assert_eq!(
        server.sent("POST /v1/clusters/c1/actions/resize"),
        json!({"node_count": 4, "nodes_to_remove": ["node-2"], "nodegroup": "default-worker"})
    );
    assert_eq!(
        server.sent("POST /v1/clusters/c1/nodegroups"),
        json!({"name": "ng1", "node_count": 2, "role": "worker", "max_node_count": 5, "labels": {"a": "b"}})
    );
}

#[tokio::test]
async fn names_are_one_path_segment_whatever_they_hold() {
    let server = Fixture::start().await;
    server.magnum(&["cluster", "show", "a/../b?x#y z"]).await;
    assert_eq!(server.asked()[0].line, "GET /v1/clusters/a%2F..%2Fb%3Fx%23y%20z");
}
