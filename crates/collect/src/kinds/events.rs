// SPDX-License-Identifier: Apache-2.0
//! Event objects.

use crate::kind::Kind;
use crate::parse::kubernetes::{number, object_ref, optional};
use crate::parse::{list, text, text_at, time};
use magnum_facts::Fact;
use magnum_facts::coe::{Event, KubernetesFacts};
use serde_json::Value;

pub(crate) static KIND: Kind = Kind {
    topic: KubernetesFacts::EVENTS,
    plural: "events",
    kind: "Event",
    path: "/api/v1/events?limit=2000",
    names_only: false,
    read: |facts, list, source| facts.events = Fact::seen(events(list), source),
};

/// Events.
fn events(document: &Value) -> Vec<Event> {
    let event = |item: &Value| Event {
        about: item.get("involvedObject").map(object_ref).unwrap_or_default(),
        kind: text(item, "type").to_owned(),
        reason: text(item, "reason").to_owned(),
        message: text(item, "message").to_owned(),
        count: number(item, "/count"),
        last: time(text(item, "lastTimestamp")).or_else(|| time(text(item, "eventTime"))),
        from: optional(text_at(item, "/source/component")).unwrap_or_else(|| text(item, "reportingComponent").to_owned()),
    };
    list(document, "/items").map(event).collect()
}
