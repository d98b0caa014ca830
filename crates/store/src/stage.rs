// SPDX-License-Identifier: Apache-2.0
//! What the stage clock needs: how far the nodes of an action in progress have come, and how long earlier nodes took.

use crate::column::Column;
use crate::error::Error;
use crate::record;
use crate::sql::{Arg, transaction};
use crate::{Cluster, Event, Lease, Node, NodeStatus, Operation, Store};
use jiff::{SignedDuration, Timestamp};
use magnum_stages::{Judgement, NodeHistory, Report, Sample, Scene, Standing, Usual, judge};
use magnum_types::{Action, ClusterStatus, Coe, Role};
use std::collections::BTreeSet;

/// Measurements kept for each kind of cluster, role and step.
const KEPT: i64 = 40;
/// Of a node's events at most so many are looked at: those that begin or end a step, and those that wait.
const STEPS: i64 = 500;
const WAITS: i64 = 300;

/// A cluster's action as the stage clock sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stages {
    pub coe: Coe,
    /// The nodes that are to have power, masters first.
    pub nodes: Vec<NodeHistory>,
    /// When the action began that is in progress, or else the cluster's last change.
    pub began: Timestamp,
    /// When the action in progress fails; none without one, or without a limit.
    pub deadline: Option<Timestamp>,
}

impl Stages {
    /// The judgement at `now`.
    pub fn judge(&self, usual: &Usual, now: Timestamp) -> Judgement {
        judge(&Scene { coe: self.coe, nodes: &self.nodes, began: self.began, deadline: self.deadline, now, usual })
    }
}

/// How long an action of this cluster may take; zero: without a limit.
pub fn time_limit(cluster: &Cluster) -> SignedDuration {
    SignedDuration::from_mins(cluster.create_timeout.unwrap_or(60))
}

/// Whether a create or an update is in progress.
pub fn is_coming(cluster: &Cluster) -> bool {
    matches!(cluster.status.and_then(ClusterStatus::action_in_progress), Some(Action::Create | Action::Update))
}

/// When the action that is going on began.
pub fn began(cluster: &Cluster, operations: &[Operation]) -> Timestamp {
    let newest = operations.iter().map(|o| o.started_at).max().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    newest.or(cluster.updated_at).or(cluster.created_at).unwrap_or_else(Timestamp::now)
}

impl Store {
    /// How far the cluster's nodes have come.
    pub async fn get_stages(&self, cluster: &Cluster, coe: Coe) -> Result<Stages, Error> {
        let operations = self.list_open_operations(cluster.uuid).await?;
        let began = began(cluster, &operations);
        let limit = time_limit(cluster);
        let deadline = if is_coming(cluster) && !limit.is_zero() { began.checked_add(limit).ok() } else { None };
        let mut nodes = Vec::new();
        for node in self.list_nodes(cluster.uuid).await?.iter().filter(|node| node.powered_on) {
            let reports = if node.status == NodeStatus::Ready { Vec::new() } else { self.list_reports(node).await? };
            nodes.push(history(node, reports));
        }
        Ok(Stages { coe, nodes, began, deadline })
    }

    /// What the nodes added to the measurements that were started at `since` or later and have come up.
    pub async fn list_new_samples(&self, cluster: &Cluster, since: Timestamp) -> Result<Vec<Sample>, Error> {
        let mut samples = Vec::new();
        let new = |node: &&Node| node.status == NodeStatus::Ready && node.started_at >= Some(since.as_millisecond());
        for node in self.list_nodes(cluster.uuid).await?.iter().filter(new) {
            samples.extend(magnum_stages::samples(&history(node, self.list_reports(node).await?)));
        }
        Ok(samples)
    }

    /// What a node reported, oldest first.
    async fn list_reports(&self, node: &Node) -> Result<Vec<Report>, Error> {
        let mut events: Vec<Event> = Vec::new();
        for (condition, limit) in [("<>", STEPS), ("=", WAITS)] {
            let tail = format!("WHERE r.\"incarnation\" = ? AND r.\"state\" {condition} 'waiting' ORDER BY r.\"seq\" DESC LIMIT ?");
            events.extend(record::list::<Event>(&self.db, &tail, vec![node.id.arg(), Arg::Int(limit)]).await?);
        }
        events.sort_by_key(|event| event.seq);
        Ok(events.into_iter().filter_map(report).collect())
    }

    /// What earlier nodes of clusters of this kind took.
    pub async fn get_usual(&self, coe: Coe) -> Result<Usual, Error> {
        let sql = "SELECT \"role\", \"step\", \"took_ms\", \"rest_ms\" FROM \"mg_stage_time\" WHERE \"coe\" = ?";
        let rows = self.db.fetch(sql, vec![Arg::Text(kind(coe).to_owned())]).await?;
        let sample = |row: &crate::sql::Row| -> Result<Sample, Error> {
            Ok(Sample { role: row.get("role")?, step: row.get("step")?, took_ms: row.get("took_ms")?, rest_ms: row.get("rest_ms")? })
        };
        let samples: Vec<Sample> = rows.iter().map(sample).collect::<Result<_, _>>()?;
        Ok(Usual::measured(coe, samples))
    }

    /// Adds to the measurements; the oldest go when there are many.
    pub async fn insert_samples(&self, lease: &Lease, coe: Coe, samples: &[Sample]) -> Result<(), Error> {
        transaction!(self.db, |tx| {
            lease.fence(tx).await?;
            let key = |role: Role, step: &str| vec![Arg::Text(kind(coe).to_owned()), role.arg(), Arg::Text(step.to_owned())];
            for sample in samples {
                let mut args = key(sample.role, &sample.step);
                args.extend([Arg::Int(sample.took_ms), Arg::Int(sample.rest_ms)]);
                let sql = "INSERT INTO \"mg_stage_time\" (\"coe\", \"role\", \"step\", \"took_ms\", \"rest_ms\") VALUES (?, ?, ?, ?, ?)";
                tx.execute(sql, args).await?;
            }
            let same = "\"coe\" = ? AND \"role\" = ? AND \"step\" = ?";
            let stages: BTreeSet<(Role, &str)> = samples.iter().map(|sample| (sample.role, sample.step.as_str())).collect();
            for (role, step) in stages {
                let sql = format!("SELECT \"id\" FROM \"mg_stage_time\" WHERE {same} ORDER BY \"id\" DESC LIMIT 1 OFFSET {KEPT}");
                if let Some(row) = tx.fetch(&sql, key(role, step)).await?.first() {
                    let (sql, mut args) = (format!("DELETE FROM \"mg_stage_time\" WHERE {same} AND \"id\" <= ?"), key(role, step));
                    args.push(Arg::Int(row.get("id")?));
                    tx.execute(&sql, args).await?;
                }
            }
            Ok(())
        })
    }
}

/// The two names of Swarm are one kind.
fn kind(coe: Coe) -> &'static str {
    if coe.is_swarm() { Coe::Swarm.as_str() } else { coe.as_str() }
}

fn history(node: &Node, reports: Vec<Report>) -> NodeHistory {
    let standing = match node.status {
        NodeStatus::Ready => Standing::Ready,
        NodeStatus::Failed => Standing::Failed,
        NodeStatus::Building | NodeStatus::Stopped | NodeStatus::Unknown => Standing::Coming,
    };
    let time = |ms: Option<i64>| ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let (started_at, ready_at) = (time(node.started_at), time(node.ready_at));
    NodeHistory { name: node.name.to_string(), role: node.role, standing, started_at, ready_at, reports }
}

fn report(event: Event) -> Option<Report> {
    let at = Timestamp::from_millisecond(event.at).ok()?;
    Some(Report { step: event.step, state: event.state, detail: event.detail, at, took_ms: event.duration_ms })
}
