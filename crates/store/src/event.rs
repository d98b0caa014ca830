// SPDX-License-Identifier: Apache-2.0
//! The timeline: what nodes reported and what the conductor did, numbered in the order it arrived.

use crate::column::Column;
use crate::error::Error;
use crate::node::{Node, NodeStatus};
use crate::record::{self, Record, record};
use crate::sql::{Arg, Transaction, transaction};
use crate::{Cause, Lease, Store, lock, now_ms};
use jiff::Timestamp;
use magnum_types::{ClusterId, NodeEvent, NodeReport, StepState};
use std::collections::BTreeSet;
use uuid::Uuid;

/// More text than this of a step's detail is cut.
const DETAIL_MAX: usize = 2000;
/// Events kept per node.
const KEPT: i64 = 20_000;

record! {
    /// One event. `node` is none for what the conductor did.
    #[derive(Debug, Clone, PartialEq)]
    Event in "mg_event" {
        id: i64,
        cluster: ClusterId,
        node: Option<String>,
        /// The node's id at the time, with `seq` the key that drops repeated reports.
        incarnation: Option<Uuid>,
        seq: Option<i64>,
        /// Milliseconds since 1970.
        at: i64,
        step: String,
        state: StepState,
        detail: String,
        duration_ms: Option<i64>,
    }
}

/// An event of the conductor's own.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// The node it is about, if one.
    pub node: Option<String>,
    pub step: String,
    pub state: StepState,
    pub detail: String,
    pub duration_ms: Option<i64>,
}

impl Store {
    /// At most `limit` events with a number above `after`, in order.
    pub async fn list_events(&self, cluster: ClusterId, after: i64, limit: i64) -> Result<Vec<Event>, Error> {
        let args = vec![Arg::Text(cluster.to_string()), Arg::Int(after), Arg::Int(limit)];
        record::list(&self.db, "WHERE r.\"cluster\" = ? AND r.\"id\" > ? ORDER BY r.\"id\" LIMIT ?", args).await
    }

    /// The newest `limit` events, oldest of them first.
    pub async fn list_newest_events(&self, cluster: ClusterId, limit: i64) -> Result<Vec<Event>, Error> {
        let args = vec![Arg::Text(cluster.to_string()), Arg::Int(limit)];
        let mut events: Vec<Event> = record::list(&self.db, "WHERE r.\"cluster\" = ? ORDER BY r.\"id\" DESC LIMIT ?", args).await?;
        events.reverse();
        Ok(events)
    }

    /// Records what a conductor did.
    pub async fn insert_events(&self, lease: &Lease, cluster: ClusterId, events: Vec<NewEvent>) -> Result<(), Error> {
        transaction!(self.db, |tx| {
            lease.fence(tx).await?;
            // One writer at a time: who reads on from a number must not find a lower one later.
            lock::cluster(tx, cluster).await?;
            for new in &events {
                let event = Event {
                    id: 0,
                    cluster,
                    node: new.node.clone(),
                    incarnation: None,
                    seq: None,
                    at: now_ms(),
                    step: cut(&new.step, 64),
                    state: new.state,
                    detail: cut(&new.detail, DETAIL_MAX),
                    duration_ms: new.duration_ms,
                };
                record::insert(tx, &event, true, "event", "").await?;
            }
            tx.tell(cluster, Cause::Recorded);
            Ok(())
        })
    }

    /// Takes in a node's report: new events into the timeline, repeated ones dropped, the node's row brought up to
    /// date. Answers how many events were new.
    pub async fn record_report(&self, node: &Node, report: &NodeReport) -> Result<usize, Error> {
        transaction!(self.db, |tx| {
            // Locked as in insert_events, and the node against another report of its own.
            lock::cluster(tx, node.cluster).await?;
            let tail = "WHERE r.\"id\" = ? {update}";
            let rows: Vec<Node> = record::list_in(tx, tail, vec![Arg::Text(node.id.to_string())]).await?;
            let mut row = rows.into_iter().next().ok_or_else(|| Error::NotFound { what: "node", ident: node.name.to_string() })?;
            let mut seen = known(tx, &row, report).await?;
            apply_boot(&mut row, report);
            let mut fresh = 0;
            for event in &report.events {
                let seq = number(event.seq);
                if !seen.insert(seq) {
                    continue;
                }
                fresh += 1;
                let at = event.at.parse::<Timestamp>().map_or_else(|_| now_ms(), |at| at.as_millisecond());
                let stored = Event {
                    id: 0,
                    cluster: row.cluster,
                    node: Some(row.name.to_string()),
                    incarnation: Some(row.id),
                    seq: Some(seq),
                    at,
                    step: cut(&event.step, 64),
                    state: event.state,
                    detail: cut(&event.detail, DETAIL_MAX),
                    duration_ms: event.duration_ms.and_then(|ms| i64::try_from(ms).ok()),
                };
                record::insert(tx, &stored, true, "event", "").await?;
                apply_event(&mut row, event, at);
            }
            forget_oldest(tx, &row, report).await?;
            let set = Node::COLUMNS.iter().copied().zip(row.args()).filter(|(c, _)| REPORTED.contains(c)).collect();
            record::update(tx, Node::TABLE, set, "\"id\" = ?", vec![Arg::Text(row.id.to_string())]).await?;
            tx.tell(row.cluster, Cause::Reported);
            Ok(fresh)
        })
    }
}

/// The columns that a node's own report may change.
const REPORTED: &[&str] =
    &["status", "boot_id", "versions", "step", "step_state", "step_detail", "step_at", "step_ms", "started_at", "ready_at"];

/// Which of the report's numbers are in the timeline already.
async fn known(tx: &mut Transaction, node: &Node, report: &NodeReport) -> Result<BTreeSet<i64>, Error> {
    let sequence = || report.events.iter().map(|event| number(event.seq));
    let (first, last) = (sequence().min().unwrap_or(0), sequence().max().unwrap_or(0));
    let sql = "SELECT \"seq\" FROM \"mg_event\" WHERE \"incarnation\" = ? AND \"seq\" >= ? AND \"seq\" <= ?";
    let rows = tx.fetch(sql, vec![node.id.arg(), Arg::Int(first), Arg::Int(last)]).await?;
    rows.iter().map(|row| row.get("seq")).collect()
}

/// A new boot id is a restart: the node is being built again.
fn apply_boot(node: &mut Node, report: &NodeReport) {
    let boot_id = cut(&report.boot_id, 64);
    if node.boot_id.as_ref() != Some(&boot_id) {
        if node.boot_id.is_some() {
            node.status = NodeStatus::Building;
            node.started_at = Some(now_ms());
            node.ready_at = None;
        }
        node.boot_id = Some(boot_id);
    }
    if !report.versions.is_empty() {
        node.versions = report.versions.iter().take(32).map(|(k, v)| (cut(k, 64), cut(v, 128))).collect();
    }
}

fn apply_event(node: &mut Node, event: &NodeEvent, at: i64) {
    node.step = Some(cut(&event.step, 64));
    node.step_state = Some(event.state);
    node.step_detail = Some(cut(&event.detail, DETAIL_MAX));
    node.step_at = Some(at);
    node.step_ms = event.duration_ms.and_then(|ms| i64::try_from(ms).ok());
    node.status = match (event.state, node.status) {
        (StepState::Failed, _) => NodeStatus::Failed,
        (StepState::Done, _) if event.step == "ready" => NodeStatus::Ready,
        (_, NodeStatus::Ready) => NodeStatus::Ready,
        _ => NodeStatus::Building,
    };
    if node.status == NodeStatus::Ready && node.ready_at.is_none() {
        node.ready_at = Some(now_ms());
    }
}

fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// A node keeps its newest events only, so that none can fill the disk.
async fn forget_oldest(tx: &mut Transaction, node: &Node, report: &NodeReport) -> Result<(), Error> {
    let last = report.events.iter().map(|event| number(event.seq)).max().unwrap_or(0);
    if last <= KEPT {
        return Ok(());
    }
    let sql = "DELETE FROM \"mg_event\" WHERE \"incarnation\" = ? AND \"seq\" <= ?";
    tx.execute(sql, vec![node.id.arg(), Arg::Int(last - KEPT)]).await.map(drop)
}

fn cut(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}
