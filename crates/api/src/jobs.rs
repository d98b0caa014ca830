// SPDX-License-Identifier: Apache-2.0
//! Diagnoses that were started and are not waited for. How far they are stands in the store, where every process sees it.

use crate::app::{App, NoReport, Question};
use crate::failure::Failure;
use magnum_store::{Begun, Diagnosis};
use magnum_types::ClusterId;
use serde_json::Value;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior};
use uuid::Uuid;

/// How often what was looked at meanwhile is noted.
const NOTED: Duration = Duration::from_millis(250);
/// How often it is noted that somebody still looks, when there is nothing else.
const ALIVE: Duration = Duration::from_secs(5);

/// What has been looked at so far.
#[derive(Clone, Default)]
struct Looked(Arc<Mutex<Vec<Value>>>);

impl Looked {
    fn with<T>(&self, change: impl FnOnce(&mut Vec<Value>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Starts a diagnosis and answers its id at once. The same question to the same cluster is not asked twice at a time.
pub(crate) async fn start(app: &App, cluster: ClusterId, question: Question) -> Result<Uuid, Failure> {
    match app.store.begin_inquiry(cluster, question.document()).await? {
        Begun::Same(id) => Ok(id),
        Begun::TooMany(running) => Err(Failure::unavailable(format!("{running} diagnoses of this cluster are running already"))),
        Begun::New(id) => {
            let app = app.clone();
            tokio::spawn(async move {
                if let Err(error) = work(&app, cluster, question, id).await {
                    tracing::warn!(%cluster, diagnosis = %id, %error, "what came of a diagnosis could not be noted");
                }
            });
            Ok(id)
        }
    }
}

/// Looks, and notes what came of it.
async fn work(app: &App, cluster: ClusterId, question: Question, id: Uuid) -> Result<(), magnum_store::Error> {
    let looked = Looked::default();
    let whole = question.is_whole();
    let outcome = look(app, cluster, question, id, &looked).await;
    let collectors = looked.with(|all| all.clone());
    match &outcome {
        Ok(report) if whole => match app.store.insert_diagnosis(&Diagnosis::new(id, cluster, "user", report.clone())).await {
            Err(error) => app.store.end_inquiry(id, &collectors, &Err(error.to_string())).await,
            Ok(()) => Ok(()),
        },
        _ => app.store.end_inquiry(id, &collectors, &outcome).await,
    }
}

/// Has the doctor look, and notes from time to time how far it is.
async fn look(app: &App, cluster: ClusterId, question: Question, id: Uuid, looked: &Looked) -> Result<Value, String> {
    let (doctor, told) = (Arc::clone(&app.diagnose), looked.clone());
    // A task of its own, so that one that breaks off leaves somebody to say so.
    let diagnosis =
        tokio::spawn(async move { doctor.diagnose(cluster, question, Arc::new(move |run: Value| told.with(|all| all.push(run)))).await });
    let mut diagnosis = pin!(diagnosis);
    let mut ticks = tokio::time::interval(NOTED);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut noted, mut since) = (0, Instant::now());
    let made = loop {
        tokio::select! {
            made = &mut diagnosis => break made,
            _ = ticks.tick() => {
                let collectors = looked.with(|all| all.clone());
                if collectors.len() > noted || since.elapsed() > ALIVE {
                    (noted, since) = (collectors.len(), Instant::now());
                    if let Err(error) = app.store.note_inquiry(id, &collectors).await {
                        tracing::warn!(%cluster, diagnosis = %id, %error, "how far a diagnosis is could not be noted");
                    }
                }
            }
        }
    };
    let made = made.map_err(|_| "the diagnosis broke off".to_owned())?;
    Ok(made.map_err(|(NoReport::Unknown(text) | NoReport::Failed(text))| text)?.report)
}
