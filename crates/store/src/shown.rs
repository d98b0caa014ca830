// SPDX-License-Identifier: Apache-2.0
//! Single clusters with what is shown of them, read for many callers at once. Who comes while a query is under way waits for its
//! end, and the next query reads for all who wait: each is answered from a query that began after it asked. Callers who were
//! answered together tend to come back together, so a query waits a moment for as many as there were last time; where they do not
//! come, this is soon left off.

use crate::error::Error;
use crate::record::Record;
use crate::sql::{Arg, At, Database, Row};
use crate::{Cluster, NodeGroup, Scope, Store};
use magnum_types::{ClusterId, Labels};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, oneshot};

/// One query at a time serves the most; while one takes longer than this, others go ahead of it.
const SLOW: Duration = Duration::from_millis(5);
/// How many are under way at the most.
const UNDER_WAY: usize = 8;
/// For how many clusters one asks.
const MOST: usize = 64;
/// How long it waits for those who are expected. tokio's timers know no shorter time.
const MOMENT: Duration = Duration::from_millis(1);
/// How many queries at the most do not wait after one that waited in vain.
const LEFT_OFF: usize = 1024;

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
    /// All who are expected are there.
    complete: Notify,
}

#[derive(Default)]
struct State {
    waiting: Vec<Waiter>,
    under_way: usize,
    /// When the last of them began.
    begun: Option<Instant>,
    expected: Expected,
    /// A query is to begin, and waits for those who are expected.
    is_gathering: bool,
}

/// How many callers come together.
#[derive(Debug, Default)]
struct Expected {
    count: usize,
    /// So many queries are not to wait.
    left_off: usize,
    /// The `left_off` after the last time they were waited for in vain; it doubles each time in a row.
    in_vain: usize,
}

impl Expected {
    /// Whether it is worth while to wait, with so many there.
    fn wait(&mut self, there: usize) -> bool {
        if self.left_off > 0 {
            self.left_off -= 1;
            return false;
        }
        there < self.count
    }

    /// So many were there after waiting.
    fn waited(&mut self, there: usize) {
        if there < self.count {
            self.in_vain = (self.in_vain * 2).clamp(1, LEFT_OFF);
            self.left_off = self.in_vain;
        } else {
            self.in_vain = 0;
        }
    }

    /// A query has served so many, and so many have come meanwhile.
    fn served(&mut self, served: usize, waiting: usize) {
        self.count = (served + waiting).min(MOST);
    }
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
            if state.is_gathering && state.waiting.len() >= state.expected.count {
                self.gathering.complete.notify_one();
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
            self.gather().await;
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
            {
                let mut state = self.state();
                let waiting = state.waiting.len();
                state.expected.served(batch.len(), waiting);
            }
            for Waiter { id, told } in batch {
                match found.get(&id) {
                    None => drop(told.send(None)),
                    Some(Ok(shown)) => drop(told.send(Some(Arc::clone(shown)))),
                    Some(Err(_)) => {}
                }
            }
        }
    }

    /// Waits until all who are expected are there, a moment at the most.
    async fn gather(&self) {
        {
            let mut state = self.state();
            let there = state.waiting.len();
            // Only with somebody there, and one at a time: who comes when it is slow goes ahead.
            if there == 0 || state.under_way > 1 || !state.expected.wait(there) {
                return;
            }
            state.is_gathering = true;
        }
        let _ = tokio::time::timeout(MOMENT, self.complete.notified()).await;
        let mut state = self.state();
        state.is_gathering = false;
        let there = state.waiting.len();
        state.expected.waited(there);
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
    let sql = format!(
        "SELECT {}, (SELECT t.\"labels\" FROM \"cluster_template\" t WHERE t.\"uuid\" = r.\"cluster_template_id\"), {} \
         FROM \"cluster\" r LEFT JOIN \"nodegroup\" g ON g.\"cluster_id\" = r.\"uuid\" WHERE r.\"uuid\" IN ({marks})",
        Cluster::columns(&db.layout, "r"),
        NodeGroup::columns(&db.layout, "g"),
    );
    let mut found: HashMap<ClusterId, Result<Shown, Error>> = HashMap::new();
    for row in &db.fetch(&sql, args).await? {
        match found.entry(row.get(Cluster::place("uuid"))?) {
            Entry::Vacant(place) => drop(place.insert(first(row))),
            Entry::Occupied(mut place) => {
                if let Ok(shown) = place.get_mut() {
                    match group(row) {
                        Ok(group) => shown.groups.extend(group),
                        Err(error) => drop(place.insert(Err(error))),
                    }
                }
            }
        }
    }
    // Sorted here: a database would write its texts into a table on the disk for that.
    let in_order = |mut shown: Shown| {
        shown.groups.sort_by_key(|group| group.id);
        Arc::new(shown)
    };
    Ok(found.into_iter().map(|(id, shown)| (id, shown.map(in_order))).collect())
}

/// Where the template's labels stand; its group's columns are behind them.
const TEMPLATE: usize = Cluster::COLUMNS.len();

/// A cluster with the group of its first row.
fn first(row: &Row) -> Result<Shown, Error> {
    let template = row.get(At::place("labels", TEMPLATE))?;
    Ok(Shown { cluster: Cluster::from_row(row, 0)?, groups: group(row)?.into_iter().collect(), template })
}

/// The row's group; a cluster without any has one row without a group.
fn group(row: &Row) -> Result<Option<NodeGroup>, Error> {
    if row.is_null(At::place("id", TEMPLATE + 1))? { Ok(None) } else { NodeGroup::from_row(row, TEMPLATE + 1).map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_came_together_are_waited_for_until_they_do_not_come() {
        let mut expected = Expected::default();
        assert!(!expected.wait(1), "nobody was seen");
        expected.served(3, 5);
        assert!(expected.wait(1) && expected.wait(7) && !expected.wait(8));
        expected.waited(8);
        assert!(expected.wait(1), "they came");
        for queries in [1, 2, 4] {
            assert!(expected.wait(1));
            expected.waited(2);
            let left_off = (0..100).take_while(|_| !expected.wait(1)).count();
            assert_eq!(left_off, queries, "it is left off for longer each time");
            expected.served(8, 0);
        }
        expected.served(1, 0);
        assert!(!expected.wait(1), "one alone never waits");
    }
}
