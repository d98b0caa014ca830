// SPDX-License-Identifier: Apache-2.0
//! What others are to be told: kept with what makes it true, in order, until somebody takes it away.

use crate::make::*;
use magnum_store::*;
use magnum_types::*;
use serde_json::{Map, Value, json};
use std::time::Duration;

fn map(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn notice(id: ClusterId, event_type: &str, priority: Priority) -> Notice {
    Notice::new(id, event_type.to_owned(), priority, map(json!({"user_id": "u"})), map(json!({"name": "ä🚀\"", "count": 1})))
}

pub async fn notices_come_with_what_they_tell_and_stay_until_they_are_taken(store: Store) {
    let (id, lease) = with_cluster(&store).await;
    let context = map(json!({"user_id": "somebody", "roles": ["member"]}));
    let asked = Operation::new(id, "resize", "req-2", Value::Null).by(context.clone());
    store.request(Request::new(asked)).await.unwrap();
    let open = store.list_open_operations(id).await.unwrap();
    assert_eq!(open.iter().map(|o| o.context.clone()).collect::<Vec<_>>(), [Map::new(), context]);
    let ids: Vec<_> = open.iter().map(|o| o.id).collect();
    store.announce(&lease, &ids, &[notice(id, "begun", Priority::Info)]).await.unwrap();
    assert!(store.list_open_operations(id).await.unwrap().iter().all(|o| o.announced_at.is_some()));
    let ending = Ending {
        operations: ids,
        state: OperationState::Failed,
        detail: "x".to_owned(),
        cluster: vec![ClusterField::Status(ClusterStatus::CreateFailed)],
        notices: vec![notice(id, "ended", Priority::Error)],
    };
    let newer = store.take_lease(&lease.name, "me", Duration::from_secs(60)).await.unwrap().unwrap();
    assert!(matches!(store.end_action(&lease, id, ending.clone()).await, Err(Error::Fenced { .. })));
    assert!(matches!(store.announce(&lease, &[], &ending.notices).await, Err(Error::Fenced { .. })));
    assert_eq!(store.list_notices(9).await.unwrap().len(), 1, "who lost the lease tells nobody");
    store.end_action(&newer, id, ending.clone()).await.unwrap();
    assert!(store.list_open_operations(id).await.unwrap().is_empty());
    assert_eq!(store.get_cluster(&Scope::All, id).await.unwrap().status, Some(ClusterStatus::CreateFailed));
    store.delete_cluster(&newer, id, &[notice(id, "gone", Priority::Info)]).await.unwrap();
    let kept = store.list_notices(9).await.unwrap();
    assert_eq!(kept.iter().map(|n| n.event_type.as_str()).collect::<Vec<_>>(), ["begun", "ended", "gone"]);
    assert_eq!(kept[1], Notice { id: kept[1].id, ..ending.notices[0].clone() });
    store.delete_notice(kept[0].id).await.unwrap();
    assert_eq!(store.list_notices(1).await.unwrap()[0].event_type, "ended");
    assert_eq!(store.trim_notices(2).await.unwrap(), 0);
    assert_eq!(store.trim_notices(1).await.unwrap(), 1, "the oldest goes");
    assert_eq!(store.list_notices(9).await.unwrap()[0].event_type, "gone");
}
