// SPDX-License-Identifier: Apache-2.0
//! Every request that was recorded from the real Magnum, in order, with the same answers.
//!
//! `deviations.json` lists the requests that are answered differently, each with its reason; the list may only
//! shrink, so a listed request that is answered alike is an error too.

use crate::fake::{Answer, app, send};
use magnum_api::App;
use magnum_store::{ClusterField, KeyPair, NodeGroupField, Scope};
use magnum_types::{ClusterId, ClusterStatus, ProjectId, UserId};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Deserialize)]
struct Exchange {
    n: u32,
    method: String,
    path: String,
    version: Option<String>,
    admin: bool,
    body: Value,
    status: Value,
    headers: BTreeMap<String, String>,
    response: Value,
}

#[derive(Deserialize)]
struct Deviation {
    n: u32,
    reason: String,
    /// Not sent: it would change what later requests see.
    #[serde(default)]
    skip: bool,
}

#[tokio::test]
async fn magnum_is_answered_as_magnum_answers() {
    let recording = include_str!("../wire/magnum-wire-HEAD.jsonl");
    let deviations: Vec<Deviation> = serde_json::from_str(include_str!("../wire/deviations.json")).unwrap();
    let app = app().await;
    let mut names = Names::default();
    let (mut wrong, mut alike) = (Vec::new(), 0);
    for line in recording.lines() {
        let exchange: Exchange = serde_json::from_str(line).unwrap();
        let deviation = deviations.iter().find(|d| d.n == exchange.n);
        prepare(&app, &names, exchange.n).await;
        if deviation.is_some_and(|d| d.skip) {
            continue;
        }
        let rows = Rows::read(&app).await;
        let answer = ask(&app, &exchange, &mut names).await;
        let difference = compare(&exchange, &answer, &mut names);
        if exchange.path.contains("/clusters/") && exchange.method != "GET" {
            rows.restore(&app).await;
        }
        match (difference, deviation) {
            (Some(difference), None) => wrong.push(format!("{} {} {}: {difference}", exchange.n, exchange.method, exchange.path)),
            (None, Some(deviation)) => wrong.push(format!("{}: no longer deviates; it was: {}", exchange.n, deviation.reason)),
            (None, None) => alike += 1,
            (Some(_), Some(_)) => {}
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), alike + wrong.len(), wrong.join("\n"));
    assert!(deviations.iter().all(|d| !d.reason.is_empty()));
    assert_eq!(alike, 321, "of 367; the number may only grow");
}

/// What the recorder did to the database between two requests.
async fn prepare(app: &App, names: &Names, n: u32) {
    match n {
        161 => {
            let cluster = names.cluster("u9");
            let fields = [
                ClusterField::StackId(Some("stk-1".to_owned())),
                ClusterField::Status(ClusterStatus::CreateFailed),
                ClusterField::StatusReason(Some("boom".to_owned())),
                ClusterField::ApiAddress(Some("https://10.0.0.1:6443".to_owned())),
            ];
            set(app, cluster, &fields).await;
            let worker = [
                NodeGroupField::Status(ClusterStatus::CreateFailed),
                NodeGroupField::StatusReason(Some("ng boom".to_owned())),
                NodeGroupField::NodeAddresses(vec!["10.0.0.5".to_owned()]),
            ];
            set_worker(app, cluster, &worker).await;
        }
        177 => set(app, names.cluster("u9"), &[ClusterField::Status(ClusterStatus::CreateComplete)]).await,
        228 => set_worker(app, names.cluster("u9"), &[NodeGroupField::MinNodeCount(Some(1)), NodeGroupField::MaxNodeCount(Some(3))]).await,
        290 => certify(app, names.cluster("u9")).await,
        342 => app.store.report_service("h1", "magnum-conductor").await.unwrap(),
        343 => drop(app.store.insert_quota(&ProjectId("fake_project".to_owned()), "Cluster", 1).await.unwrap()),
        _ => {}
    }
}

async fn lease(app: &App) -> magnum_store::Lease {
    app.store.take_lease("recorder", "recorder", Duration::from_secs(600)).await.unwrap().unwrap()
}

async fn set(app: &App, cluster: ClusterId, fields: &[ClusterField]) {
    app.store.update_cluster(&lease(app).await, cluster, fields).await.unwrap();
}

async fn set_worker(app: &App, cluster: ClusterId, fields: &[NodeGroupField]) {
    let group = app.store.find_nodegroup(cluster, "default-worker").await.unwrap();
    app.store.update_nodegroup(&lease(app).await, cluster, group.uuid, fields).await.unwrap();
}

async fn certify(app: &App, cluster: ClusterId) {
    let pair = KeyPair {
        id: 0,
        uuid: uuid::Uuid::new_v4(),
        certificate: "-----BEGIN CERT".to_owned(),
        private_key: SecretString::from(""),
        private_key_passphrase: None,
        intermediates: None,
        project_id: ProjectId("fake_project".to_owned()),
        user_id: UserId("fake_user".to_owned()),
        created_at: None,
        updated_at: None,
    };
    let reference = Some(pair.uuid.to_string());
    let references = [ClusterField::CaCertRef(reference.clone()), ClusterField::EtcdCaCertRef(reference)];
    app.store.insert_keypairs(&lease(app).await, cluster, vec![pair], &references).await.unwrap();
}

/// The recorder's conductor was a stub: what a change asked for never reached the rows. Ours is stored at once, so it
/// is taken back before the next request.
struct Rows(Vec<(ClusterId, Vec<ClusterField>, Groups)>);

type Groups = Vec<(magnum_types::NodeGroupId, Vec<NodeGroupField>)>;

impl Rows {
    async fn read(app: &App) -> Self {
        let mut rows = Vec::new();
        for id in app.store.list_cluster_ids().await.unwrap() {
            let cluster = app.store.get_cluster(&Scope::All, id).await.unwrap();
            let fields = vec![
                ClusterField::Status(cluster.status.unwrap()),
                ClusterField::StatusReason(cluster.status_reason),
                ClusterField::HealthStatus(cluster.health_status),
                ClusterField::HealthStatusReason(cluster.health_status_reason),
            ];
            let groups = app.store.list_all_nodegroups(id).await.unwrap().into_iter().map(|group| {
                let fields = vec![
                    NodeGroupField::Status(group.status.unwrap()),
                    NodeGroupField::StatusReason(group.status_reason),
                    NodeGroupField::NodeCount(group.node_count),
                    NodeGroupField::MinNodeCount(group.min_node_count),
                    NodeGroupField::MaxNodeCount(group.max_node_count),
                    NodeGroupField::NodeLabels(group.node_labels),
                    NodeGroupField::NodeTaints(group.node_taints),
                ];
                (group.uuid, fields)
            });
            rows.push((id, fields, groups.collect()));
        }
        Self(rows)
    }

    async fn restore(self, app: &App) {
        let lease = lease(app).await;
        for (id, fields, groups) in self.0 {
            app.store.update_cluster(&lease, id, &fields).await.unwrap();
            for (group, fields) in groups {
                app.store.update_nodegroup(&lease, id, group, &fields).await.unwrap();
            }
        }
    }
}

async fn ask(app: &App, exchange: &Exchange, names: &mut Names) -> Answer {
    let path = names.fill(&exchange.path);
    let mut headers = vec![("x-auth-token", if exchange.admin { "admin" } else { "member" })];
    let version = exchange.version.as_deref().map(|version| match version {
        "latest" => "container-infra latest".to_owned(),
        "BAD" => "BAD".to_owned(),
        version if version.contains(' ') => version.to_owned(),
        version => format!("container-infra {version}"),
    });
    if let Some(version) = &version {
        headers.push(("openstack-api-version", version));
    }
    let mut body = exchange.body.clone();
    if let (Some(map), Some(name)) = (body.as_object_mut(), exchange.response["name"].as_str()) {
        // Names are made up at random; later requests sort by them.
        if exchange.path == "/v1/clustertemplates" && !map.contains_key("name") {
            map.insert("name".to_owned(), name.into());
        }
    }
    let body = match &body {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => names.fill(&other.to_string()),
    };
    send(app, &exchange.method, &path, &headers, body).await
}

fn compare(exchange: &Exchange, answer: &Answer, names: &mut Names) -> Option<String> {
    if exchange.status != answer.status {
        return Some(format!("status {} instead of {}; {}", answer.status, exchange.status, answer.body));
    }
    for (name, expected) in &exchange.headers {
        let given = answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !names.same_text(expected, given) {
            return Some(format!("header {name}: {given:?} instead of {expected:?}"));
        }
    }
    if !exchange.headers.contains_key("OpenStack-API-Version") && answer.headers.contains_key("openstack-api-version") {
        return Some("version headers where there are none".to_owned());
    }
    names.same(&exchange.response, &answer.body, "")
}

/// What the placeholders of the recording stand for here.
#[derive(Default)]
struct Names(BTreeMap<String, String>);

impl Names {
    fn cluster(&self, name: &str) -> ClusterId {
        self.0[name].parse().unwrap()
    }

    /// `text` with known values; a placeholder that no answer gave is something that does not exist.
    fn fill(&mut self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").unwrap();
            out.push_str(before);
            out.push_str(self.0.entry(name.to_owned()).or_insert_with(|| uuid::Uuid::new_v4().to_string()));
            rest = after;
        }
        out + rest
    }

    fn same(&mut self, expected: &Value, given: &Value, at: &str) -> Option<String> {
        let differ = || Some(format!("{at}: {given} instead of {expected}"));
        match (expected, given) {
            (Value::Object(expected), Value::Object(own)) => {
                if expected.keys().ne(own.keys()) && !at.contains("label") {
                    return Some(format!(
                        "{at}: keys {:?} instead of {:?}",
                        own.keys().collect::<Vec<_>>(),
                        expected.keys().collect::<Vec<_>>()
                    ));
                }
                expected.iter().find_map(|(key, value)| self.same(value, own.get(key).unwrap_or(&Value::Null), &format!("{at}/{key}")))
            }
            (Value::Array(expected), Value::Array(own)) if expected.len() == own.len() => {
                expected.iter().zip(own).enumerate().find_map(|(i, (expected, own))| self.same(expected, own, &format!("{at}/{i}")))
            }
            (Value::String(text), Value::String(own)) if self.same_text(text, own) => None,
            (Value::String(text), Value::String(own)) if at.ends_with("/name") && generated(text) && generated(own) => None,
            // Set here by taking back what the recorder's conductor never did.
            (Value::Null, Value::String(_)) if at.ends_with("/updated_at") => None,
            _ if expected == given => None,
            _ => differ(),
        }
    }

    fn same_text(&mut self, expected: &str, given: &str) -> bool {
        if expected == "{{ts}}" {
            return given.len() == 25 && given.ends_with("+00:00") && given.parse::<jiff::Timestamp>().is_ok();
        }
        let Some((before, after)) = expected.split_once("{{") else { return expected == given };
        let Some((name, after)) = after.split_once("}}") else { return false };
        let Some(rest) = given.strip_prefix(before) else { return false };
        let (Some(value), Some(tail)) = (rest.get(..36), rest.get(36..)) else { return false };
        if value.parse::<uuid::Uuid>().is_err() {
            return false;
        }
        let known = self.0.entry(name.to_owned()).or_insert_with(|| value.to_owned()) == value;
        known && self.same_text(after, tail)
    }
}

/// A name that Magnum made up.
fn generated(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    matches!(parts[..], [letter, number, "cluster" | "template"] if letter.chars().all(char::is_alphabetic) && number.parse::<u8>().is_ok())
}
