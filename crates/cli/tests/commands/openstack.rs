// SPDX-License-Identifier: Apache-2.0
//! The openstack command's words and formats, and the former client's: what is printed is what those print.

use crate::fixture::{C1, Fixture, recorded, run};
use insta::assert_snapshot;
use serde_json::{Value, json};

#[tokio::test]
async fn a_list_in_every_format_of_openstack() {
    let server = Fixture::start().await;
    server.wire(&[169]);
    for format in ["table", "json", "yaml", "value", "csv"] {
        let ended = server.magnum(&["coe", "cluster", "list", "-f", format, "--sort-column", "name"]).await;
        assert_snapshot!(format!("cluster_list_{format}"), ended.seen());
    }
    assert_eq!(server.magnum(&["coe", "cluster", "list", "-f", "shell"]).await.code, 64);
    // Columns keep the list's order, whatever the order they are asked for in.
    let ended = server.magnum(&["coe", "cluster", "list", "-f", "csv", "-c", "status", "-c", "name", "--quote", "minimal"]).await;
    assert_eq!(ended.out.lines().next(), Some("name,status"));
}

#[tokio::test]
async fn one_thing_in_every_format_of_openstack() {
    let server = Fixture::start().await;
    server.c1();
    for format in ["table", "json", "yaml", "value", "shell"] {
        let ended = server.magnum(&["coe", "cluster", "show", "c1", "-f", format]).await;
        assert_snapshot!(format!("cluster_show_{format}"), ended.seen());
    }
    assert_snapshot!("template_show_value", server.magnum(&["coe", "cluster", "template", "show", "ct1", "-f", "value"]).await.seen());
    let shown = server.magnum(&["coe", "cluster", "template", "show", "ct1", "-f", "json", "--noindent"]).await;
    assert_eq!((shown.json()["keypair_id"].as_str(), shown.out.lines().count()), (Some("-"), 1), "templates have - for nothing");
    let ended = server.magnum(&["coe", "cluster", "show", "c1", "-f", "shell", "--prefix", "c_", "-c", "status"]).await;
    assert_eq!(ended.out, "c_status=\"CREATE_FAILED\"\n");
}

#[tokio::test]
async fn the_same_words_with_and_without_coe() {
    let server = Fixture::start().await;
    server.c1().wire(&[169]);
    server.on("GET /v1/clustertemplates", 200, json!({"clustertemplates": [recorded(81).2]}));
    for (theirs, ours) in [
        (&["coe", "cluster", "template", "list"][..], &["cluster-template", "list"][..]),
        (&["cluster", "template", "show", "ct1"], &["cluster-template", "show", "ct1"]),
        (&["coe", "cluster", "list"], &["cluster", "list"]),
        (&["coe", "cluster", "show", "c1"], &["cluster", "show", "c1"]),
    ] {
        let (a, b) = (server.magnum(theirs).await, server.magnum(ours).await);
        assert_eq!((a.code, &a.out), (0, &b.out), "{theirs:?} {}", a.err);
    }
}

#[tokio::test]
async fn the_former_clients_tables_have_all_fields_under_their_names() {
    let server = Fixture::start().await;
    server.c1();
    assert_snapshot!("legacy_cluster_show", server.magnum(&["cluster-show", "c1"]).await.seen());
    let long = server.magnum(&["bay-show", "--long", "c1"]).await.out;
    for field in ["baymodel_id", "bay_create_timeout", "baymodel_image_id", "Property"] {
        assert!(long.contains(field), "{field}: {long}");
    }
    assert!(!long.contains("links"), "{long}");
    // Programs find today's names beside the older ones.
    let document = server.magnum(&["bay-show", "c1", "-o", "json"]).await.json();
    assert_eq!(document["baymodel_id"], document["cluster_template_id"]);
    assert_snapshot!("legacy_template_show", server.magnum(&["cluster-template-show", "ct1"]).await.seen());
}

#[tokio::test]
async fn the_former_clients_help_and_completion() {
    let dir = tempfile::tempdir().unwrap();
    let ended = run(&["magnum", "help", "cluster-create"], "", dir.path(), "").await;
    assert!(ended.code == 0 && ended.out.contains("--baymodel"), "{}{}", ended.out, ended.err);
    let words = run(&["magnum", "bash-completion"], "", dir.path(), "").await.out;
    assert!(["bay-create", "--os-cloud", "--node-count"].iter().all(|word| words.split(' ').any(|other| other == *word)), "{words}");
}

#[tokio::test]
async fn a_node_groups_labels_are_cleared_by_an_empty_text() {
    let server = Fixture::start().await;
    server.on("PATCH /v1/clusters/c1/nodegroups/ng1", 202, recorded(273).2);
    server.magnum(&["nodegroup", "update", "c1", "ng1", "--node-labels", "", "--node-taints", ""]).await;
    let replace = |path: &str, value: &str| json!({"op": "replace", "path": path, "value": value});
    assert_eq!(server.sent("PATCH /v1/clusters/c1/nodegroups/ng1"), json!([replace("/node_labels", "{}"), replace("/node_taints", "[]")]));
}

#[tokio::test]
async fn a_kubeconfig_can_take_keystones_token_from_the_environment() {
    let server = Fixture::start().await;
    let (mut cluster, template) = (recorded(170).2, recorded(81).2);
    cluster["api_address"] = json!("https://10.0.0.1:6443");
    server.on("GET /v1/clusters/c1", 200, cluster).on(&format!("GET /v1/clustertemplates/{}", crate::fixture::CT1), 200, template);
    server.on(&format!("GET /v1/certificates/{C1}"), 200, json!({"cluster_uuid": C1, "pem": "-----BEGIN CERTIFICATE-----"}));
    let ended = server.magnum(&["coe", "cluster", "config", "c1", "--use-keystone", "--output-certs"]).await;
    assert_eq!((ended.code, ended.out.as_str()), (0, "export KUBECONFIG=/dir/config\n"), "{}", ended.err);
    let text = std::fs::read_to_string(server.dir.path().join("config")).unwrap();
    for part in ["openstackuser@kubernetes", "client.authentication.k8s.io/v1beta1", "ExecCredential", "OS_TOKEN"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(server.dir.path().join("ca.pem").is_file() && !server.dir.path().join("key.pem").exists());
    assert_eq!(server.asked().iter().filter(|asked| asked.line.starts_with("POST")).count(), 0, "no certificate is asked for");
    // What kubectl runs says the token, and nothing else becomes of it.
    let document: Value = serde_saphyr::from_str(&text).unwrap();
    let said = |token: &str| -> Value {
        let script = document.pointer("/users/0/user/exec/args/1").and_then(Value::as_str).unwrap();
        let output = std::process::Command::new("bash").args(["-c", script]).env("OS_TOKEN", token).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    };
    assert_eq!(said("gAAAA-_x")["status"]["token"], "gAAAA-_x");
    assert_eq!(server.magnum(&["coe", "cluster", "config", "c1", "--use-keystone"]).await.code, 0, "the same file is used again");
}
