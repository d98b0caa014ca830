// SPDX-License-Identifier: Apache-2.0
//! Single clusters with what is shown of them, read for many callers at once. Who comes while a query is under way waits for its
//! end, and the next query reads for all who wait: each is answered from a query that began after it asked.

use crate::error::Error;
use crate::record::{self, Record};
use crate::sql::{Arg, Database};
use crate::{Cluster, NodeGroup, Scope, Store};
use magnum_types::{ClusterId, Labels};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// One query at a time serves the most; while one takes longer than this, others go ahead of it.
const SLOW: Duration = Duration::from_millis(5);
/// How many are under way at the most.
const UNDER_WAY: usize = 8;
/// For how many clusters one asks.
const MOST: usize = 64;

/// A cluster as it is shown.
#[derive(Debug, Clone)]
pub struct Shown {
    pub cluster: Cluster,
    /// Ordered by id: the default groups first.
    pub groups: Vec<NodeGroup>,
    /// Its template's labels.
    pub template: Labels,
}

/// Those who wait to be read for.
#[derive(Default)]
pub(crate) struct Gathering {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: Vec<Waiter>,
    under_way: usize,
    /// When the last of them began.
    begun: Option<Instant>,
}

struct Waiter {
    id: ClusterId,
    told: oneshot::Sender<Option<Arc<Shown>>>,
}

/// What a query found, by cluster.
type Found = HashMap<ClusterId, Result<Arc<Shown>, Error>>;

impl Store {
    /// The visible cluster with this uuid or, if it does not look like one, this name, as it is shown.
    pub async fn find_shown(&self, scope: &Scope, ident: &str) -> Result<Arc<Shown>, Error> {
        let id = match ident.parse() {
            Ok(id) => id,
            Err(_) => self.find_cluster(scope, ident).await?.uuid,
        };
        let shown = self.shown(id).await?;
        let missing = || Error::NotFound { what: "cluster", ident: ident.to_owned() };
        shown.filter(|shown| scope.includes(&shown.cluster.project_id, &shown.cluster.user_id)).ok_or_else(missing)
    }

    async fn shown(&self, id: ClusterId) -> Result<Option<Arc<Shown>>, Error> {
        let (told, answer) = oneshot::channel();
        let goes = {
            let mut state = self.gathering.state();
            state.waiting.push(Waiter { id, told });
            let is_slow = state.begun.is_none_or(|begun| begun.elapsed() > SLOW);
            let goes = state.under_way == 0 || (is_slow && state.under_way < UNDER_WAY);
            if goes {
                state.under_way += 1;
                state.begun = Some(Instant::now());
            }
            goes
        };
        if goes {
            // By itself: a caller who goes away takes nobody's answer along.
            let (gathering, db) = (Arc::clone(&self.gathering), Arc::clone(&self.db));
            tokio::spawn(async move { gathering.serve(&db).await });
        }
        match answer.await {
            Ok(shown) => Ok(shown),
            // The query failed. Asked alone, it says why, and nobody fails for another's cluster.
            Err(_) => read(&self.db, &[id]).await?.remove(&id).transpose(),
        }
    }
}

impl Gathering {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads for those who wait until nobody does.
    async fn serve(&self, db: &Database) {
        let broken_off = BrokenOff(self);
        loop {
            let batch = {
                let mut state = self.state();
                let some = state.waiting.len().min(MOST);
                if some == 0 {
                    state.under_way -= 1;
                    return std::mem::forget(broken_off);
                }
                state.begun = Some(Instant::now());
                state.waiting.drain(..some).collect::<Vec<_>>()
            };
            let mut ids: Vec<ClusterId> = batch.iter().map(|waiter| waiter.id).collect();
            ids.sort_unstable();
            ids.dedup();
            // Who is not told hears that his place is gone, and asks alone.
            let Ok(found) = read(db, &ids).await else { continue };
            for Waiter { id, told } in batch {
                match found.get(&id) {
                    None => drop(told.send(None)),
                    Some(Ok(shown)) => drop(told.send(Some(Arc::clone(shown)))),
                    Some(Err(_)) => {}
                }
            }
        }
    }
}

/// Reading ended before its time: nobody may wait for it.
struct BrokenOff<'a>(&'a Gathering);

impl Drop for BrokenOff<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.under_way -= 1;
        state.waiting.clear();
    }
}

/// The clusters among these that there are.
async fn read(db: &Database, ids: &[ClusterId]) -> Result<Found, Error> {
    // As few different statements as may be, since each connection keeps those it has seen: the last one is asked for repeatedly.
    let places = ids.len().next_power_of_two();
    let marks = vec!["?"; places].join(", ");
    let args: Vec<Arg> = (0..places).filter_map(|place| ids.get(place).or(ids.last())).map(|id| Arg::Text(id.to_string())).collect();
    let clusters = format!(
        "SELECT {}, (SELECT t.\"labels\" FROM \"cluster_template\" t WHERE t.\"uuid\" = r.\"cluster_template_id\") AS \"template\" \
         FROM \"cluster\" r WHERE r.\"uuid\" IN ({marks})",
        Cluster::columns(&db.layout)
    );
    let groups = format!("WHERE r.\"cluster_id\" IN ({marks}) ORDER BY r.\"id\"");
    let (clusters, groups) = tokio::try_join!(db.fetch(&clusters, args.clone()), record::list::<NodeGroup>(db, &groups, args.clone()))?;
    let mut by_cluster: HashMap<ClusterId, Vec<NodeGroup>> = HashMap::new();
    for group in groups {
        by_cluster.entry(group.cluster_id).or_default().push(group);
    }
    let mut found = Found::new();
    for row in &clusters {
        let id = row.get("uuid")?;
        let shown = Cluster::from_row(row).and_then(|cluster| {
            let groups = by_cluster.remove(&id).unwrap_or_default();
            Ok(Arc::new(Shown { cluster, groups, template: row.get("template")? }))
        });
        found.insert(id, shown);
    }
    Ok(found)
}
