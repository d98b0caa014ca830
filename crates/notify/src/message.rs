// SPDX-License-Identifier: Apache-2.0
//! A notification as it is on the wire: oslo.messaging's fields, in the envelope of its message format 2.0 or without one.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// A notification, before anybody knows where it goes.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    /// The same however often it is sent.
    pub id: Uuid,
    pub at: Timestamp,
    /// Such as `magnum.cluster.create`.
    pub event_type: &'a str,
    /// `INFO` or `ERROR`.
    pub priority: &'a str,
    /// Who asked for what it tells.
    pub context: &'a Map<String, Value>,
    pub payload: &'a Map<String, Value>,
}

impl Message<'_> {
    /// The message, which is also what the log gets.
    pub(crate) fn plain(&self, publisher: &str) -> Map<String, Value> {
        let mut message = Map::new();
        message.insert("message_id".to_owned(), json!(self.id));
        message.insert("publisher_id".to_owned(), json!(publisher));
        message.insert("event_type".to_owned(), json!(self.event_type));
        message.insert("priority".to_owned(), json!(self.priority));
        message.insert("payload".to_owned(), Value::Object(self.payload.clone()));
        // As Python prints a time.
        message.insert("timestamp".to_owned(), json!(self.at.strftime("%Y-%m-%d %H:%M:%S%.6f").to_string()));
        message
    }

    /// The body of format 1.0: the message, its context beside it.
    pub(crate) fn version_1(&self, publisher: &str) -> String {
        let mut message = self.plain(publisher);
        // oslo's listeners drop what comes again under this id.
        message.insert("_unique_id".to_owned(), json!(self.id.simple().to_string()));
        message.extend(self.context.iter().map(|(key, value)| (format!("_context_{key}"), value.clone())));
        Value::Object(message).to_string()
    }

    /// The body of format 2.0: that of 1.0 as a text in an envelope.
    pub(crate) fn version_2(&self, publisher: &str) -> String {
        json!({"oslo.version": "2.0", "oslo.message": self.version_1(publisher)}).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_oslos_fields() {
        let map = |value: Value| value.as_object().cloned().unwrap();
        let (context, payload) = (map(json!({"user_id": "u", "roles": ["member"]})), map(json!({"action": "create"})));
        let message = Message {
            id: Uuid::from_u128(1),
            at: "2026-01-02T03:04:05.006Z".parse().unwrap(),
            event_type: "magnum.cluster.create",
            priority: "INFO",
            context: &context,
            payload: &payload,
        };
        let inner = concat!(
            r#"{"message_id":"00000000-0000-0000-0000-000000000001","publisher_id":"container-infra.h","#,
            r#""event_type":"magnum.cluster.create","priority":"INFO","payload":{"action":"create"},"#,
            r#""timestamp":"2026-01-02 03:04:05.006000","_unique_id":"00000000000000000000000000000001","#,
            r#""_context_user_id":"u","_context_roles":["member"]}"#
        );
        assert_eq!(message.version_1("container-infra.h"), inner);
        let outer: Value = serde_json::from_str(&message.version_2("container-infra.h")).unwrap();
        assert_eq!(outer, json!({"oslo.version": "2.0", "oslo.message": inner}));
    }
}
