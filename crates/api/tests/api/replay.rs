// SPDX-License-Identifier: Apache-2.0
//! Every request that was recorded from the real Magnum, in order, with the same answers.
//!
//! `deviations.json` lists the requests that are answered differently, each with its reason; the list may only
//! shrink, so a listed request that is answered alike is an error too.

use crate::fake::{Answer, app, send};
use magnum_api::App;
use magnum_store::{ClusterField, Federation, KeyPair, NodeGroupField, Page, Renewal, Scope};
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
    let alike = Recording {
        text: include_str!("../wire/magnum-wire-HEAD.jsonl"),
        deviations: include_str!("../wire/deviations.json"),
        concerns: |_| true,
        cluster: "u9",
        worlds: &[
            (161, World::Failed),
            (177, World::Complete),
            (228, World::Bounded),
            (290, World::Certified),
            (342, World::Served),
            (343, World::Full),
            (360, World::Federated),
        ],
    }
    .replay()
    .await;
    assert_eq!(alike, 349, "of 367; the number may only grow");
}

/// The words of 2015, which 15.0.1 was the last to record. The other requests are sent for what they leave behind.
#[tokio::test]
async fn bays_and_baymodels_are_answered_as_zed_answers() {
    let alike = Recording {
        text: include_str!("../wire/magnum-wire-15.0.1.jsonl"),
        deviations: include_str!("../wire/deviations-15.0.1.json"),
        concerns: |exchange| exchange.path.starts_with("/v1/bay") || exchange.body.get("bay_uuid").is_some(),
        cluster: "u20",
        worlds: &[(290, World::Certified), (343, World::Full), (344, World::Roomy), (360, World::Federated)],
    }
    .replay()
    .await;
    assert_eq!(alike, 22, "of 28; the number may only grow");
}

/// A recording, and how the answers to it are judged.
struct Recording {
    text: &'static str,
    deviations: &'static str,
    /// Which requests are compared.
    concerns: fn(&Exchange) -> bool,
    /// The cluster that the recorder changed behind the API's back.
    cluster: &'static str,
    /// What it did, and before which request.
    worlds: &'static [(u32, World)],
}

/// What the recorder did to the database between two requests.
#[derive(Clone, Copy)]
enum World {
    Failed,
    Complete,
    Bounded,
    Certified,
    Served,
    Full,
    Roomy,
    Federated,
}

impl Recording {
    /// Sends every request in order; answers how many that matter were answered alike.
    async fn replay(&self) -> usize {
        let deviations: Vec<Deviation> = serde_json::from_str(self.deviations).unwrap();
        let app = app().await;
        let mut names = Names::default();
        let (mut wrong, mut alike) = (Vec::new(), 0);
        for line in self.text.lines() {
            let exchange: Exchange = serde_json::from_str(line).unwrap();
            let deviation = deviations.iter().find(|d| d.n == exchange.n);
            for (_, world) in self.worlds.iter().filter(|(n, _)| *n == exchange.n) {
                prepare(&app, &names, self.cluster, *world).await;
            }
            if deviation.is_some_and(|d| d.skip) {
                continue;
            }
            let rows = Rows::read(&app).await;
            let answer = ask(&app, &exchange, &mut names).await;
            if !(self.concerns)(&exchange) {
                names.learn(&exchange.response, &answer.body);
                rows.restore(&app).await;
                continue;
            }
            let difference = compare(&exchange, &answer, &mut names);
            if exchange.method != "GET" {
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
        alike
    }
}

async fn prepare(app: &App, names: &Names, cluster: &str, world: World) {
    let cluster = names.cluster(cluster);
    match world {
        World::Failed => {
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
        World::Complete => set(app, cluster, &[ClusterField::Status(ClusterStatus::CreateComplete)]).await,
        World::Bounded => set_worker(app, cluster, &[NodeGroupField::MinNodeCount(Some(1)), NodeGroupField::MaxNodeCount(Some(3))]).await,
        World::Certified => certify(app, cluster).await,
        World::Served => app.store.report_service("h1", "magnum-conductor").await.unwrap(),
        World::Full => drop(app.store.insert_quota(&ProjectId("fake_project".to_owned()), "Cluster", 1).await.unwrap()),
        World::Roomy => app.store.delete_quota(&ProjectId("fake_project".to_owned()), "Cluster").await.unwrap(),
        World::Federated => {
            let federation = Federation {
                id: 0,
                project_id: ProjectId("fake_project".to_owned()),
                uuid: uuid::Uuid::new_v4(),
                name: "fedx".to_owned(),
                hostcluster_id: cluster.to_string(),
                member_ids: Vec::new(),
                status: Some("CREATE_COMPLETE".to_owned()),
                status_reason: None,
                properties: serde_json::Map::from_iter([("dns-zone".to_owned(), "a.".into())]),
                created_at: None,
                updated_at: None,
            };
            app.store.insert_federation(federation).await.unwrap();
        }
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
    let renewal = Renewal { insert: vec![pair], cluster: references.to_vec(), ..Renewal::default() };
    app.store.renew(&lease(app).await, cluster, renewal).await.unwrap();
}

/// The recorder's conductor was a stub: what a change asked for never reached the rows. Ours is stored at once, so it
/// is taken back before the next request.
struct Rows(Vec<(ClusterId, Vec<ClusterField>, Groups)>, Vec<Federation>);

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
        Self(rows, federations(app).await)
    }

    async fn restore(self, app: &App) {
        for federation in federations(app).await {
            match self.1.iter().find(|before| before.uuid == federation.uuid) {
                Some(before) => app.store.update_federation(before.clone()).await.unwrap(),
                None => app.store.delete_federation(federation.uuid).await.unwrap(),
            }
        }
        let lease = lease(app).await;
        for (id, fields, groups) in self.0 {
            app.store.update_cluster(&lease, id, &fields).await.unwrap();
            for (group, fields) in groups {
                app.store.update_nodegroup(&lease, id, group, &fields).await.unwrap();
            }
        }
    }
}

async fn federations(app: &App) -> Vec<Federation> {
    let page = Page { limit: 100, marker: None, sort_key: "id".to_owned(), descending: false };
    app.store.list_federations(&ProjectId("fake_project".to_owned()), &page).await.unwrap()
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
        if ["/v1/clustertemplates", "/v1/baymodels"].contains(&exchange.path.as_str()) && !map.contains_key("name") {
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
        let expected = &today(name, expected);
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

/// 15.0.1 called the service by a shorter name, and knew fewer versions.
fn today(name: &str, header: &str) -> String {
    match header.strip_prefix("container-infra ") {
        Some("1.10") if name.ends_with("Maximum-Version") => "container-infrastructure-management 1.14".to_owned(),
        Some(version) => format!("container-infrastructure-management {version}"),
        None => header.to_owned(),
    }
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

    /// Takes over the names that an answer gives, whatever else is in it.
    fn learn(&mut self, expected: &Value, given: &Value) {
        match (expected, given) {
            (Value::Object(expected), Value::Object(own)) => {
                expected.iter().filter_map(|(key, value)| Some((value, own.get(key)?))).for_each(|(value, own)| self.learn(value, own));
            }
            (Value::String(text), Value::String(own)) => {
                self.same_text(text, own);
            }
            _ => {}
        }
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
            // Magnum leaves it empty.
            (Value::String(_), Value::String(own)) if at.ends_with("/request_id") && own.starts_with("req-") => None,
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
