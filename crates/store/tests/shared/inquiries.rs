// SPDX-License-Identifier: Apache-2.0
//! Diagnoses that were started: seen by whoever asks, bounded, and gone when their report is kept or their cluster deleted.

use crate::make::*;
use magnum_store::*;
use magnum_types::ClusterId;
use serde_json::json;
use uuid::Uuid;

fn new(begun: Begun) -> Uuid {
    let Begun::New(id) = begun else { panic!("{begun:?}") };
    id
}

pub async fn inquiries_are_followed_and_go_when_their_report_is_kept(store: Store) {
    let (cluster, lease) = with_cluster(&store).await;
    let whole = json!({"verify": [], "symptom": null});
    let id = new(store.begin_inquiry(cluster, whole.clone()).await.unwrap());
    assert_eq!(store.begin_inquiry(cluster, whole.clone()).await.unwrap(), Begun::Same(id));
    store.note_inquiry(id, &[json!({"name": "ä"})]).await.unwrap();
    let seen = store.get_inquiry(cluster, id).await.unwrap();
    assert_eq!((seen.progress(), &seen.collectors[..]), (Progress::Running, &[json!({"name": "ä"})][..]));
    assert!(matches!(store.get_inquiry(ClusterId::random(), id).await, Err(Error::NotFound { .. })), "of another cluster");

    let other = |n: i64| json!({"verify": [n.to_string()], "symptom": null});
    let second = new(store.begin_inquiry(cluster, other(0)).await.unwrap());
    new(store.begin_inquiry(cluster, other(1)).await.unwrap());
    new(store.begin_inquiry(cluster, other(2)).await.unwrap());
    assert_eq!(store.begin_inquiry(cluster, other(3)).await.unwrap(), Begun::TooMany(4));

    store.end_inquiry(second, &[], &Err("no known fault".to_owned())).await.unwrap();
    assert_eq!(store.get_inquiry(cluster, second).await.unwrap().progress(), Progress::Failed("no known fault"));
    for n in 0..40 {
        let one = new(store.begin_inquiry(cluster, other(10 + n)).await.unwrap());
        store.end_inquiry(one, &[], &Ok(json!({"n": n}))).await.unwrap();
    }
    let kept = store.list_inquiries(cluster).await.unwrap();
    assert_eq!(kept.len(), 3 + 16, "the running, and the last that have ended");
    assert!(kept.iter().any(|one| one.progress() == Progress::Done(&json!({"n": 39}))));

    store.insert_diagnosis(&Diagnosis::new(id, cluster, "user", json!({"r": 1}))).await.unwrap();
    assert!(matches!(store.get_inquiry(cluster, id).await, Err(Error::NotFound { .. })));
    assert_eq!(store.get_diagnosis(cluster, id).await.unwrap().report, json!({"r": 1}));

    store.delete_cluster(&lease, cluster, &[]).await.unwrap();
    assert!(store.list_inquiries(cluster).await.unwrap().is_empty());
    assert!(matches!(store.begin_inquiry(cluster, whole).await, Err(Error::NotFound { .. })), "the cluster is gone");
}
