// SPDX-License-Identifier: Apache-2.0
//! Diagnoses that are started, followed and read again.

use crate::fake::{Answer, app, cluster, member, send};
use magnum_api::App;
use magnum_store::Diagnosis;
use serde_json::{Value, json};
use std::time::Duration;

async fn get(app: &App, path: &str) -> Answer {
    member(app, "GET", &format!("/v1/clusters/c1/{path}"), Value::Null).await
}

/// Asks until the diagnosis is no longer `running`.
async fn ended(app: &App, id: &str) -> Value {
    let ask = async {
        loop {
            let seen = get(app, &format!("diagnoses/{id}")).await.body;
            if seen["state"] != "running" {
                return seen;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), ask).await.unwrap()
}

#[tokio::test]
async fn a_diagnosis_is_started_followed_and_kept() {
    let app = app().await;
    let id = cluster(&app, "kubernetes").await;
    assert_eq!(get(&app, "diagnoses").await.body, json!({"diagnoses": []}));
    let started = member(&app, "POST", "/v1/clusters/c1/diagnoses?wait=false", Value::Null).await;
    assert_eq!((started.status, &started.body["state"]), (202, &json!("running")));
    let job = started.body["id"].as_str().unwrap();
    let seen = ended(&app, job).await;
    assert_eq!((&seen["state"], &seen["report"]["cluster"], &seen["error"]), (&json!("done"), &json!(id), &Value::Null));
    assert_eq!(seen["collectors"], json!([{"name": "engine", "ms": 1}]));
    assert_eq!(get(&app, "diagnoses/latest").await.body, seen["report"]);
    let list = get(&app, "diagnoses").await.body;
    assert_eq!((&list["diagnoses"][0]["id"], &list["diagnoses"][0]["asked_by"]), (&json!(job), &json!("user")));
    let other = Diagnosis::new(uuid::Uuid::new_v4(), id, "conductor", json!({"verdict": "cause", "findings": [{"id": "x"}]}));
    app.store.insert_diagnosis(&other).await.unwrap();
    let list = get(&app, "diagnoses").await.body;
    let first = &list["diagnoses"][0];
    assert_eq!((&first["asked_by"], &first["verdict"], &first["findings"]), (&json!("conductor"), &json!("cause"), &json!(["x"])));
    assert_eq!(get(&app, &format!("diagnoses/{}", other.id)).await.body["report"], other.report);
    for absent in ["nonsense".to_owned(), uuid::Uuid::new_v4().to_string()] {
        assert_eq!(get(&app, &format!("diagnoses/{absent}")).await.status, 404);
    }
}

#[tokio::test]
async fn one_that_runs_is_followed_at_any_process() {
    let asked = app().await;
    cluster(&asked, "kubernetes").await;
    let other = App { store: asked.store.clone(), ..app().await };
    let slow = member(&asked, "POST", "/v1/clusters/c1/diagnoses?wait=false&verify=slow", Value::Null).await.body["id"].clone();
    let seen = get(&other, &format!("diagnoses/{}", slow.as_str().unwrap())).await.body;
    assert_eq!((&seen["id"], &seen["state"]), (&slow, &json!("running")));
    assert_eq!(get(&other, "diagnoses").await.body["diagnoses"][0]["id"], slow);
    let again = member(&other, "POST", "/v1/clusters/c1/diagnoses?wait=false&verify=slow", Value::Null).await;
    assert_eq!(again.body["id"], slow, "the same is not asked twice, whoever is asked");
}

#[tokio::test]
async fn what_fails_says_so_and_the_same_is_not_asked_twice_at_a_time() {
    let app = app().await;
    cluster(&app, "kubernetes").await;
    let start = async |arguments: &str| {
        let path = format!("/v1/clusters/c1/diagnoses?wait=false&{arguments}");
        member(&app, "POST", &path, Value::Null).await
    };
    let nonsense = start("symptom=nonsense").await;
    let seen = ended(&app, nonsense.body["id"].as_str().unwrap()).await;
    assert_eq!((&seen["state"], &seen["error"], &seen["report"]), (&json!("failed"), &json!("no known symptom"), &Value::Null));
    let slow = start("verify=slow").await.body;
    assert_eq!(start("verify=slow").await.body["id"], slow["id"]);
    let about = start("symptom=pending").await.body;
    ended(&app, about["id"].as_str().unwrap()).await;
    let list = get(&app, "diagnoses").await.body;
    let rows: Vec<_> = list["diagnoses"].as_array().unwrap().iter().map(|row| (&row["id"], &row["state"])).collect();
    assert_eq!(rows, [(&slow["id"], &json!("running"))], "one about a symptom is not kept");
    assert_eq!(start("bundle=true").await.status, 400);
}

#[tokio::test]
async fn another_clusters_diagnosis_is_not_there_and_a_reader_starts_none() {
    let app = app().await;
    cluster(&app, "kubernetes").await;
    let started = member(&app, "POST", "/v1/clusters/c1/diagnoses?wait=false", Value::Null).await.body;
    let job = started["id"].as_str().unwrap();
    ended(&app, job).await;
    let path = format!("/v1/clusters/c1/diagnoses/{job}");
    let ask = async |token: &str, method: &str, path: &str| send(&app, method, path, &[("x-auth-token", token)], "").await.status;
    assert_eq!(ask("other", "GET", &path).await, 404);
    assert_eq!(ask("reader", "GET", &path).await, 200);
    assert_eq!(ask("reader", "POST", "/v1/clusters/c1/diagnoses?wait=false").await, 403);
    let template = member(&app, "GET", "/v1/clusters/c1", Value::Null).await.body["cluster_template_id"].clone();
    let second = member(&app, "POST", "/v1/clusters", json!({"name": "c2", "cluster_template_id": template})).await;
    assert_eq!(second.status, 202);
    assert_eq!(ask("member", "GET", &format!("/v1/clusters/c2/diagnoses/{job}")).await, 404);
}
