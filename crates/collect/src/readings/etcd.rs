// SPDX-License-Identifier: Apache-2.0
//! The etcd member on a master.

use crate::parse::{list, text};
use crate::reading::{Answer, Reading, is_ok, kind};
use magnum_facts::node::{EtcdMember, EtcdView, NodeFacts};
use magnum_facts::{Fact, WhyKind};
use magnum_types::{Coe, Role};
use serde_json::Value;

pub(crate) static READING: Reading =
    Reading { names: |coe, role| if coe == Coe::Kubernetes && role == Role::Master { &["etcd"] } else { &[] }, read };

fn read(facts: &mut NodeFacts, answer: &Answer<'_>) {
    facts.etcd = etcd(answer);
}

/// An etcd that refuses is not healthy; one that could not be asked in time has not been looked at.
fn etcd(answer: &Answer<'_>) -> Fact<EtcdView> {
    match answer.line("etcd") {
        Some(failed) if !is_ok(failed) && kind(failed) != WhyKind::TimedOut && text(failed, "error").contains("refused") => {
            let view = EtcdView { healthy: false, reason: text(failed, "error").to_owned(), ..EtcdView::default() };
            Fact::seen(view, answer.source(failed, "etcdctl endpoint health"))
        }
        _ => answer.fact("etcd", "etcdctl endpoint health", etcd_view),
    }
}

fn etcd_view(value: &Value) -> EtcdView {
    let words = |item: &Value, path: &str| list(item, path).filter_map(Value::as_str).map(str::to_owned).collect();
    let member = |m: &Value| EtcdMember {
        id: text(m, "id").to_owned(),
        name: text(m, "name").to_owned(),
        peer_urls: words(m, "/peer_urls"),
        client_urls: words(m, "/client_urls"),
    };
    EtcdView {
        endpoint: text(value, "endpoint").to_owned(),
        healthy: value.get("healthy").and_then(Value::as_bool).unwrap_or(false),
        reason: text(value, "reason").to_owned(),
        version: text(value, "version").to_owned(),
        db_bytes: value.get("db_bytes").and_then(Value::as_u64),
        member_id: text(value, "member_id").to_owned(),
        leader_id: text(value, "leader_id").to_owned(),
        errors: words(value, "/errors"),
        members: list(value, "/members").map(member).collect(),
        alarms: list(value, "/alarms").map(|a| text(a, "alarm").to_owned()).collect(),
    }
}
