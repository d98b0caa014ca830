// SPDX-License-Identifier: Apache-2.0
//! Diagnoses that were started and are not waited for. Their reports end up in the store; what is here is gone with the
//! process, and bounded.

use crate::app::{App, NoReport, Question};
use crate::diagnosis::Seen;
use crate::failure::Failure;
use jiff::Timestamp;
use magnum_store::Diagnosis;
use magnum_types::ClusterId;
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// Jobs that are remembered; the oldest that has ended goes first.
const KEPT: usize = 64;
/// Jobs of one cluster that may run at once.
const AT_ONCE: usize = 4;

/// The diagnoses that were started, oldest first.
#[derive(Default)]
pub struct Jobs(Mutex<VecDeque<Job>>);

struct Job {
    id: Uuid,
    cluster: ClusterId,
    question: Question,
    started_at: i64,
    /// What has been looked at so far.
    collectors: Vec<Value>,
    outcome: Option<Result<Value, String>>,
}

impl Jobs {
    fn with<T>(&self, change: impl FnOnce(&mut VecDeque<Job>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn with_job(&self, id: Uuid, change: impl FnOnce(&mut Job)) {
        self.with(|jobs| jobs.iter_mut().find(|job| job.id == id).map(change));
    }

    /// The cluster's job as its follower sees it.
    pub(crate) fn get(&self, cluster: ClusterId, id: Uuid) -> Option<Value> {
        self.with(|jobs| jobs.iter().find(|job| job.id == id && job.cluster == cluster).map(|job| job.seen().document()))
    }

    /// The cluster's jobs that have not ended, newest first.
    pub(crate) fn running(&self, cluster: ClusterId) -> Vec<Value> {
        self.with(|jobs| jobs.iter().rev().filter(|j| j.cluster == cluster && j.outcome.is_none()).map(|job| job.seen().row()).collect())
    }

    /// Takes in a new job; answers the one that is already asked the same, and whether it is new.
    fn enter(&self, cluster: ClusterId, question: &Question) -> Result<(Uuid, bool), Failure> {
        self.with(|jobs| {
            let running = || jobs.iter().filter(|job| job.cluster == cluster && job.outcome.is_none());
            if let Some(same) = running().find(|job| job.question == *question) {
                return Ok((same.id, false));
            }
            if running().count() >= AT_ONCE {
                return Err(Failure::unavailable(format!("{AT_ONCE} diagnoses of this cluster are running already")));
            }
            if jobs.len() >= KEPT {
                let oldest = jobs.iter().position(|job| job.outcome.is_some());
                oldest.map(|at| jobs.remove(at));
            }
            let id = Uuid::new_v4();
            let started_at = Timestamp::now().as_millisecond();
            jobs.push_back(Job { id, cluster, question: question.clone(), started_at, collectors: Vec::new(), outcome: None });
            Ok((id, true))
        })
    }
}

impl Job {
    fn seen(&self) -> Seen<'_> {
        let (state, report, error) = match &self.outcome {
            None => ("running", &Value::Null, None),
            Some(Ok(report)) => ("done", report, None),
            Some(Err(error)) => ("failed", &Value::Null, Some(error.as_str())),
        };
        let collectors = self.collectors.clone().into();
        Seen { id: self.id, state, made_at: self.started_at, asked_by: "user", collectors, report, error }
    }
}

/// Starts a diagnosis and answers its id at once. The same question to the same cluster is not asked twice at a time.
pub(crate) fn start(app: &App, cluster: ClusterId, question: Question) -> Result<Uuid, Failure> {
    let (id, is_new) = app.jobs.enter(cluster, &question)?;
    if is_new {
        let app = app.clone();
        tokio::spawn(async move {
            let mut ended = Ended { jobs: Arc::clone(&app.jobs), id, outcome: Err("the diagnosis broke off".to_owned()) };
            ended.outcome = work(&app, cluster, question, id).await;
        });
    }
    Ok(id)
}

/// Notes how a job ended, also when it broke off.
struct Ended {
    jobs: Arc<Jobs>,
    id: Uuid,
    outcome: Result<Value, String>,
}

impl Drop for Ended {
    fn drop(&mut self) {
        let outcome = std::mem::replace(&mut self.outcome, Ok(Value::Null));
        self.jobs.with_job(self.id, |job| job.outcome = Some(outcome));
    }
}

async fn work(app: &App, cluster: ClusterId, question: Question, id: Uuid) -> Result<Value, String> {
    let jobs = Arc::clone(&app.jobs);
    let told = Arc::new(move |run: Value| jobs.with_job(id, |job| job.collectors.push(run)));
    let whole = question.is_whole();
    let made = app.diagnose.diagnose(cluster, question, told).await;
    let report = made.map_err(|(NoReport::Unknown(text) | NoReport::Failed(text))| text)?.report;
    if whole {
        let kept = app.store.insert_diagnosis(&Diagnosis::new(id, cluster, "user", report.clone())).await;
        kept.map_err(|error| error.to_string())?;
    }
    Ok(report)
}
