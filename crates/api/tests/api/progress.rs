// SPDX-License-Identifier: Apache-2.0
//! How far a cluster's nodes have come, as the client reads it.

use crate::fake::{app, cluster, member};
use magnum_stages::{Judgement, Pace};
use magnum_store::Diagnosis;
use magnum_types::{NodeEvent, NodeName, NodeReport, StepState};
use serde::Deserialize;
use serde_json::{Value, json};

#[tokio::test]
async fn stages_are_served_with_their_words() {
    let app = app().await;
    let id = cluster(&app, "kubernetes").await;
    crate::node::nodes(&app, id, "").await;
    let progress = async || member(&app, "GET", "/v1/clusters/c1/progress", Value::Null).await.body;
    let fresh = progress().await;
    let judgement = Judgement::deserialize(&fresh).unwrap();
    assert!(judgement.nodes.iter().all(|n| n.pace == Pace::Moving && n.stage == "boot"), "{fresh}");
    assert_eq!((&fresh["status"], &fresh["in_progress"]), (&json!("CREATE_IN_PROGRESS"), &json!(true)));
    assert_eq!(fresh["nodes"][0]["sentence"], "node master-0, has not reported yet");
    assert!(fresh["outlook"].as_str().unwrap().starts_with("should be ready in about "), "{fresh}");

    let node = app.store.get_node(id, &NodeName::parse("master-0").unwrap()).await.unwrap();
    let long_ago = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(5);
    let event = |seq, state, detail: &str| NodeEvent {
        seq,
        at: long_ago.to_string(),
        step: "etcd".to_owned(),
        state,
        detail: detail.to_owned(),
        duration_ms: None,
    };
    let events = vec![event(1, StepState::Started, ""), event(2, StepState::Waiting, "its disk")];
    app.store.record_report(&node, &NodeReport { boot_id: "b".to_owned(), events, versions: Default::default() }).await.unwrap();
    let hung = progress().await;
    let master = &hung["nodes"][0];
    assert_eq!((&master["pace"], &master["stage"], &master["waits_for"]), (&json!("hung"), &json!("etcd"), &json!("its disk")));
    assert_eq!((&hung["forecast"], &hung["cause"]), (&json!({"kind": "stuck"}), &Value::Null));
    let report = json!({"findings": [{"id": "a", "status": "warning"}, {"id": "b", "status": "cause", "summary": "so"}]});
    let made = Diagnosis::new(uuid::Uuid::new_v4(), id, "conductor", report);
    app.store.insert_diagnosis(&made).await.unwrap();
    assert_eq!(progress().await["cause"], json!({"fault": "b", "summary": "so", "diagnosis": made.id}));
}
