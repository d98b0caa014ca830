// SPDX-License-Identifier: Apache-2.0
//! This master's etcd member: its health, its status, its fellow members and alarms.

use crate::collect::Collector;
use crate::error::Error;
use crate::etcd::{Etcd, PORT, number};
use crate::spec::{self, Questions};
use serde_json::{Value, json};
use std::time::Duration;

pub static COLLECTOR: Collector = Collector { name: "etcd", limit: Duration::from_secs(6), run };

fn run() -> Result<Value, Error> {
    let spec = spec::load()?;
    let kubernetes = spec.kubernetes().filter(|_| spec.is_master()).ok_or_else(|| Error::Spec("not a master with etcd".to_owned()))?;
    let own = Etcd::at(&[spec.node.address], kubernetes.etcd.flannel_password.clone())?;
    let status = own.call_plain("/v3/maintenance/status", &json!({}), None)?;
    let member_id = text(&status, "/header/member_id");
    // A read that most members must agree on: what the API server needs too.
    let (healthy, reason) = match own.get(&format!("{}/config", kubernetes.flannel.etcd_prefix)) {
        Ok(_) => (true, String::new()),
        Err(error) => (false, error.chain()),
    };
    let members = own.call("/v3/cluster/member/list", &json!({})).unwrap_or_default();
    let alarms = own.call("/v3/maintenance/alarm", &json!({"action": "GET"})).unwrap_or_default();
    let list = |value: &Value, field: &str| value.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    Ok(json!({
        "endpoint": format!("https://{}:{PORT}", spec.node.address),
        "healthy": healthy,
        "reason": reason,
        "version": text(&status, "/version"),
        "db_bytes": number(status.get("dbSize")),
        "member_id": member_id,
        "leader_id": text(&status, "/leader"),
        "raft_term": number(status.get("raftTerm")),
        "raft_index": number(status.get("raftIndex")),
        "errors": list(&status, "errors"),
        "members": list(&members, "members").iter().map(|member| json!({
            "id": text(member, "/ID"), "name": text(member, "/name"),
            "peer_urls": list(member, "peerURLs"), "client_urls": list(member, "clientURLs"),
        })).collect::<Vec<_>>(),
        "alarms": list(&alarms, "alarms").iter().map(|alarm| json!({
            "member_id": text(alarm, "/memberID"), "alarm": text(alarm, "/alarm"),
        })).collect::<Vec<_>>(),
    }))
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}
