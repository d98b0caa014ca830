// SPDX-License-Identifier: Apache-2.0
//! What is told of operations, over a real store. The announcer is a stand-in: it only says that somebody is to be told.

use super::*;
use crate::judge::Verdict;
use crate::outcome;
use crate::relay::Announce;
use crate::rotate::tests::Ward;
use magnum_engine::Boxed;
use magnum_store::Request;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

struct Somebody;

impl Announce for Somebody {
    fn announce<'a>(&'a self, _: &'a Notice) -> Boxed<'a, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
    fn patience(&self, _: u32) -> Option<Duration> {
        None
    }
}

async fn ward(kind: &str) -> Ward {
    let Ward { world, lease, id, folder } = Ward::with(kind, None).await;
    Ward { world: world.with_announcer(Some(Arc::new(Somebody))), lease, id, folder }
}

fn map(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

impl Ward {
    async fn open(&self) -> Vec<Operation> {
        self.world.store.list_open_operations(self.id).await.unwrap()
    }

    async fn ask(&self, kind: &str, who: &str) {
        let context = map(json!({"user_id": who, "project_id": "p", TRACEPARENT: "00-…"}));
        let operation = Operation::new(self.id, kind, "req-2", Value::Null).by(context);
        self.world.store.request(Request::new(operation)).await.unwrap();
    }

    async fn begin_all(&self) {
        begun(&self.world, &self.lease, &self.whole().await, &self.open().await).await.unwrap();
    }

    async fn finish(&self, action: Action, verdict: Verdict) {
        let (whole, open) = (self.whole().await, self.open().await);
        outcome::finish(&self.world, &self.lease, &whole, action, &verdict, &open, None).await.unwrap();
    }

    /// Event, outcome, priority, who, and the cluster's status as told.
    async fn told(&self) -> Vec<String> {
        let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let told = |notice: &Notice| {
            let event = &notice.payload;
            let status = &event["target"]["attachments"][0]["content"]["status"];
            let who = event["initiator"].get("user_id").unwrap_or(&Value::Null);
            [notice.event_type.clone(), word(&event["outcome"]), notice.priority.as_str().to_owned(), word(who), word(status)].join(" ")
        };
        self.world.store.list_notices(99).await.unwrap().iter().map(told).collect()
    }
}

#[tokio::test]
async fn a_begin_is_told_once_and_the_end_with_who_asked_last() {
    let ward = ward("create").await;
    ward.begin_all().await;
    ward.begin_all().await;
    let create = "magnum.cluster.create pending INFO - UPDATE_IN_PROGRESS";
    assert_eq!(ward.told().await, [create], "a second look tells nothing anew");
    ward.finish(Action::Create, Verdict::Failed("it broke".to_owned())).await;
    let failed = "magnum.cluster.create failure ERROR - CREATE_FAILED";
    assert_eq!(ward.told().await, [create, failed]);
    assert!(ward.open().await.is_empty());
    ward.ask("upgrade", "ann").await;
    ward.ask("resize", "bob").await;
    ward.begin_all().await;
    ward.finish(Action::Update, Verdict::Complete).await;
    let told = ward.told().await;
    assert!(ward.world.store.list_notices(99).await.unwrap().iter().all(|notice| notice.context.get(TRACEPARENT).is_none()));
    let begun = |who| format!("magnum.cluster.update pending INFO {who} CREATE_FAILED");
    assert_eq!(told[2..], [begun("ann"), begun("bob"), "magnum.cluster.update success INFO bob UPDATE_COMPLETE".to_owned()]);
}

#[tokio::test]
async fn of_node_groups_and_rotations_only_the_end_is_told() {
    let ward = ward("nodegroup-create").await;
    for kind in ["nodegroup-update", "nodegroup-delete", "rotate-ca", "rotate-credential", "power", "health"] {
        ward.ask(kind, kind).await;
    }
    ward.begin_all().await;
    assert_eq!(ward.told().await, [""; 0]);
    ward.finish(Action::Update, Verdict::Complete).await;
    assert_eq!(ward.told().await, ["magnum.cluster.update success INFO rotate-credential UPDATE_COMPLETE"]);
}

#[tokio::test]
async fn nothing_is_written_when_nobody_is_to_be_told() {
    let ward = Ward::with("create", None).await;
    ward.begin_all().await;
    ward.finish(Action::Create, Verdict::Complete).await;
    assert_eq!(ward.told().await, [""; 0]);
}

/// The keys and their order are those that pycadf 4.1.0 gives for the same event.
#[tokio::test]
async fn an_event_is_magnums() {
    let ward = ward("create").await;
    let mut whole = ward.whole().await;
    whole.cluster.created_at = Some("2026-01-02T03:04:05Z".parse().unwrap());
    whole.cluster.updated_at = None;
    whole.cluster.labels.0.insert("a".to_owned(), "b".to_owned());
    let context = map(json!({"user_id": "u", "project_id": "p", "domain_id": "d", "roles": ["member"]}));
    let stamp = Stamp { at: "2026-01-02T03:04:06.007Z".parse().unwrap(), ids: [1, 2, 3].map(Uuid::from_u128) };
    let made = event(&whole, Action::Create, Outcome::Pending, &context, &stamp);
    let id = |n: u32| format!("00000000-0000-0000-0000-{n:012}");
    let content = json!({
        "status": "UPDATE_IN_PROGRESS", "status_reason": null, "project_id": whole.cluster.project_id,
        "created_at": "2026-01-02T03:04:05.000000", "updated_at": null, "cluster_template_id": whole.template.uuid,
        "keypair": null, "docker_volume_size:": null, "labels": {"a": "b"}, "master_flavor_id": null, "flavor_id": null,
        "stack_id": null, "health_status": null, "create_timeout": null, "api_address": null, "discovery_url": null,
        "node_addresses": [], "master_addresses": [], "node_count": 0, "master_count": 0,
    });
    let expected = json!({
        "typeURI": "http://schemas.dmtf.org/cloud/audit/1.0/event", "eventType": "activity", "id": id(1),
        "eventTime": "2026-01-02T03:04:06.007000+0000", "action": "create", "outcome": "pending",
        "observer": {"id": id(2), "typeURI": "service/magnum/cluster"},
        "initiator": {
            "id": id(3), "typeURI": "service/security/account/user", "user_id": "u", "project_id": "p", "domain_id": "d"
        },
        "target": {
            "id": ward.id, "typeURI": "service/magnum/cluster", "name": whole.cluster.name,
            "attachments": [{"typeURI": "service/magnum/cluster", "content": content, "name": "cluster_data"}],
        },
    });
    assert_eq!(serde_json::to_string_pretty(&made).unwrap(), serde_json::to_string_pretty(&expected).unwrap());
}
