// SPDX-License-Identifier: Apache-2.0
//! Gives the doctor what Magnum knows of a cluster, and the API what the doctor says.

use jiff::Timestamp;
use magnum_api::{Diagnose, Judged, NoReport, PathWish, Question, Told};
use magnum_blueprint::Ranges;
use magnum_certificates::Manager;
use magnum_conductor::{Cause, Examine, Examined};
use magnum_doctor::report::Word;
use magnum_doctor::{
    ApiAccess, ClusterInput, ClusterView, Layout, MemberView, Options, Selection, Source, StepView, Vantage, examine, examine_telling,
    path, path_matrix,
};
use magnum_engine::{Boxed, Engine};
use magnum_store::{Error, Event, Node, Store, Whole};
use magnum_types::{ClusterId, ClusterStatus, Coe};
use std::sync::Arc;

/// Older events of one cluster than this many are not looked through.
const EVENTS: i64 = 5_000;

/// The doctor with this installation's store and engine.
pub struct Doctor {
    store: Store,
    certificates: Arc<dyn Manager>,
    engine: Arc<dyn Engine>,
}

impl Doctor {
    /// A doctor for the clusters of `store`, made by `engine`.
    pub fn new(store: Store, certificates: Arc<dyn Manager>, engine: Arc<dyn Engine>) -> Self {
        Self { store, certificates, engine }
    }

    async fn input(&self, id: ClusterId) -> Result<ClusterInput, Error> {
        let whole = self.store.get_whole(id).await?;
        let nodes = self.store.list_nodes(id).await?;
        let events = self.store.list_newest_events(id, EVENTS).await?;
        let api = self.access(&whole).await;
        Ok(ClusterInput { id, cluster: view(&whole, &nodes, &events, self.engine.name()), api })
    }

    /// The conductor's own way into a Kubernetes API; none while there is no address or no certificate.
    async fn access(&self, whole: &Whole) -> Option<ApiAccess> {
        let cluster = &whole.cluster;
        if whole.template.coe != Coe::Kubernetes {
            return None;
        }
        let url = cluster.api_address.clone()?;
        let ca = self.certificates.get(cluster.ca_cert_ref.as_ref()?).await.ok()?;
        let client = self.certificates.get(cluster.magnum_cert_ref.as_ref()?).await.ok()?;
        let key = client.open().ok()?;
        let trusted = self.store.get_trusted(cluster.uuid).await.ok()?;
        let ca_pem = trusted.map_or(ca.certificate, |trusted| trusted.kubernetes);
        Some(ApiAccess { url, ca_pem, certificate_pem: client.certificate, key_pem: key.to_pkcs8_pem().ok()? })
    }
}

impl Diagnose for Doctor {
    fn diagnose<'a>(&'a self, cluster: ClusterId, question: Question, told: Told) -> Boxed<'a, Result<Judged, NoReport>> {
        Box::pin(async move {
            let options = Options { selection: selection(question)?, ..Options::default() };
            let failed = |error: &dyn std::fmt::Display| NoReport::Failed(error.to_string());
            let input = self.input(cluster).await.map_err(|e| failed(&e))?;
            let telling = |run| {
                if let Ok(run) = serde_json::to_value(run) {
                    told(run);
                }
            };
            let seen = examine_telling(input, Arc::clone(&self.engine), options, &telling).await;
            let document = |value: serde_json::Result<serde_json::Value>| value.map_err(|e| failed(&e));
            Ok(Judged { report: document(serde_json::to_value(seen.report))?, facts: document(serde_json::to_value(seen.facts))? })
        })
    }

    fn path<'a>(&'a self, cluster: ClusterId, wish: PathWish) -> Boxed<'a, Result<serde_json::Value, NoReport>> {
        Box::pin(async move {
            let input = self.input(cluster).await.map_err(|e| NoReport::Failed(e.to_string()))?;
            let engine = Arc::clone(&self.engine);
            let document = match wish {
                PathWish::Matrix => serde_json::to_value(path_matrix(input, engine).await),
                PathWish::Between { from, to } => {
                    serde_json::to_value(path(input, engine, &from, &to).await.map_err(|e| NoReport::Unknown(e.to_string()))?)
                }
            };
            document.map_err(|e| NoReport::Failed(e.to_string()))
        })
    }
}

impl Examine for Doctor {
    fn examine<'a>(&'a self, cluster: ClusterId) -> Boxed<'a, Option<Examined>> {
        Box::pin(async move {
            let input = self.input(cluster).await.ok()?;
            let report = examine(input, Arc::clone(&self.engine), Options::default()).await.report;
            let cause = report.findings.iter().find(|finding| finding.status == Word::Cause);
            let cause = cause.map(|finding| Cause { fault: finding.id.clone(), summary: finding.summary.clone() });
            Some(Examined { report: serde_json::to_value(&report).ok()?, cause })
        })
    }
}

/// The faults a question is about.
fn selection(question: Question) -> Result<Selection, NoReport> {
    if let Some(id) = question.verify.iter().find(|id| magnum_doctor::explain(id).is_none()) {
        return Err(NoReport::Unknown(format!("there is no fault {id:?}")));
    }
    let symptom = question.symptom.map(|text| magnum_doctor::complaint(&text).map(|known| known.complaint.id.to_owned()).ok_or(text));
    let symptom = symptom.transpose().map_err(|text| NoReport::Unknown(magnum_doctor::no_complaint(&text)))?;
    Ok(Selection { only: question.verify, symptom })
}

fn view(whole: &Whole, nodes: &[Node], events: &[Event], engine: &str) -> ClusterView {
    let cluster = &whole.cluster;
    let group_of = |node: &Node| whole.groups.iter().find(|g| g.uuid == node.nodegroup).map(|g| g.name.clone()).unwrap_or_default();
    let member = |node: &Node| MemberView {
        name: node.name.to_string(),
        group: group_of(node),
        role: node.role,
        address: node.address.parse().ok(),
        stopped_on_purpose: !node.powered_on,
        started_at: node.started_at.and_then(|ms| Timestamp::from_millisecond(ms).ok()),
        steps: events.iter().filter(|e| e.incarnation == Some(node.id)).filter_map(step).collect(),
    };
    ClusterView {
        source: Source {
            id: "magnum/cluster".to_owned(),
            what: format!("magnum cluster show {}; magnum timeline {}", cluster.name, cluster.name),
            vantage: Vantage::Magnum,
            at: Timestamp::now(),
        },
        uuid: cluster.uuid.to_string(),
        name: cluster.name.clone(),
        coe: whole.template.coe,
        engine: engine.to_owned(),
        status: cluster.status.unwrap_or(ClusterStatus::CreateInProgress),
        status_reason: cluster.status_reason.clone().unwrap_or_default(),
        created_at: cluster.created_at,
        create_timeout: cluster.create_timeout.and_then(|minutes| u32::try_from(minutes).ok()),
        api_address: cluster.api_address.clone(),
        layout: layout(whole),
        members: nodes.iter().map(member).collect(),
    }
}

fn step(event: &Event) -> Option<StepView> {
    Some(StepView {
        step: event.step.clone(),
        state: event.state,
        detail: event.detail.clone(),
        at: Timestamp::from_millisecond(event.at).ok()?,
        duration_ms: event.duration_ms.and_then(|ms| u64::try_from(ms).ok()),
    })
}

/// What the labels say; a label that cannot be read leaves everything open.
fn layout(whole: &Whole) -> Layout {
    let Ok(ranges) = Ranges::from_labels(&whole.cluster.labels) else { return Layout::default() };
    let kubernetes = whole.template.coe == Coe::Kubernetes;
    Layout {
        network_cidr: Some(ranges.nodes),
        gateway: Some(ranges.gateway()),
        pod_cidr: kubernetes.then_some(ranges.pods),
        service_cidr: kubernetes.then_some(ranges.services),
        dns_address: kubernetes.then(|| ranges.dns()),
        overlay_port: Some(if kubernetes { 8472 } else { 4789 }),
        overlay_vni: kubernetes.then_some(1),
    }
}
