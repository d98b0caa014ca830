// SPDX-License-Identifier: Apache-2.0
//! News between processes on one database, without a broker.
//!
//! PostgreSQL: `NOTIFY` in the transaction that changes something, one connection a process that listens. The others:
//! a counter in the same transaction (`mg_change`, in slots, so that clusters seldom wait for each other), and one task
//! a process that looks at the counters. A counter's row is locked until the commit, so that numbers become visible in
//! their order and none is passed over.

use crate::change::{Cause, Change, Changes};
use crate::connection::{Limits, Target};
use crate::dialect::Dialect;
use crate::error::Error;
use crate::sql::{Arg, Database, Transaction, postgres};
use magnum_types::ClusterId;
use sqlx::postgres::{PgListener, PgPoolOptions};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

/// Between two looks at the counters.
const EVERY: Duration = Duration::from_millis(100);
/// A listening connection that says nothing for so long is asked whether it is still there.
const QUIET: Duration = Duration::from_secs(10);
/// How long it may take to answer.
const ANSWER: Duration = Duration::from_secs(5);
/// Rows of `mg_news` kept in a slot; who is further behind wakes everybody.
const KEPT: i64 = 1000;
/// Slots of `mg_change`, as the schema made them.
const SLOTS: u128 = 8;
const CHANNEL: &str = "magnum_change";

/// Writes news as the last part of a transaction.
pub(crate) async fn write(tx: &mut Transaction, news: &[Change]) -> Result<(), Error> {
    let origin = tx.origin().to_string();
    if tx.layout().dialect == Dialect::Postgres {
        for change in news {
            let text = format!("{} {} {origin}", change.cluster, change.cause.as_str());
            tx.execute("SELECT pg_notify(?, ?)", vec![Arg::Text(CHANNEL.to_owned()), Arg::Text(text)]).await?;
        }
        return Ok(());
    }
    // In the slots' order, so that two transactions cannot wait for each other here.
    let ordered: BTreeSet<(i64, String, &str)> =
        news.iter().map(|change| (slot(change.cluster), change.cluster.to_string(), change.cause.as_str())).collect();
    for (slot, cluster, cause) in ordered {
        tx.execute("UPDATE \"mg_change\" SET \"n\" = \"n\" + 1 WHERE \"slot\" = ?", vec![Arg::Int(slot)]).await?;
        let sql = "INSERT INTO \"mg_news\" (\"slot\", \"n\", \"cluster\", \"cause\", \"origin\") \
                   SELECT \"slot\", \"n\", ?, ?, ? FROM \"mg_change\" WHERE \"slot\" = ?";
        let args = vec![Arg::Text(cluster), Arg::Text(cause.to_owned()), Arg::Text(origin.clone()), Arg::Int(slot)];
        tx.execute(sql, args).await?;
    }
    Ok(())
}

fn slot(cluster: ClusterId) -> i64 {
    i64::try_from(cluster.uuid().as_u128() % SLOTS).unwrap_or(0)
}

/// Begins to take in other processes' news, until `db` is dropped. What is written after this returned is not missed.
pub(crate) async fn spawn(db: &Database, target: &Target) -> Result<(), Error> {
    let (changes, alive) = (Arc::clone(&db.changes), db.alive.subscribe());
    match target {
        Target::Sqlite(None) => {}
        Target::Postgres(_) => {
            let listener = listener(target).await?;
            tokio::spawn(listen(target.clone(), listener, changes, alive));
        }
        Target::Sqlite(Some(_)) | Target::Mysql(_) => {
            // A connection of its own: a busy pool must not hold the news up.
            let limits = Limits { max_pool_size: 1, max_overflow: 0, pool_timeout: ANSWER, max_retries: Some(0), ..Limits::default() };
            let looking = Database::open(target, &limits).await?;
            let seen = counters(&looking).await?;
            tokio::spawn(look(looking, seen, changes, alive));
        }
    }
    Ok(())
}

async fn counters(db: &Database) -> Result<BTreeMap<i64, i64>, Error> {
    let rows = db.fetch("SELECT \"slot\", \"n\" FROM \"mg_change\"", vec![]).await?;
    rows.iter().map(|row| Ok((row.get("slot")?, row.get("n")?))).collect()
}

/// Looks at the counters again and again.
async fn look(db: Database, mut seen: BTreeMap<i64, i64>, changes: Arc<Changes>, mut alive: watch::Receiver<()>) {
    let mut cleared = seen.clone();
    let mut lost = false;
    loop {
        tokio::select! {
            _ = alive.changed() => return db.close().await,
            () = sleep(EVERY) => {}
        }
        match look_once(&db, &mut seen, &changes).await {
            Ok(()) if lost => {
                tracing::info!("the database answers again; everybody looks once");
                lost = false;
                changes.tell_all();
            }
            Ok(()) => {}
            Err(error) => {
                if !lost {
                    tracing::warn!(error = &error as &dyn std::error::Error, "news of other processes cannot be read");
                }
                lost = true;
                continue;
            }
        }
        if let Err(error) = clear(&db, &seen, &mut cleared).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "old news could not be removed; they are later");
        }
    }
}

async fn look_once(db: &Database, seen: &mut BTreeMap<i64, i64>, changes: &Changes) -> Result<(), Error> {
    for (slot, now) in counters(db).await? {
        let before = seen.get(&slot).copied().unwrap_or(0);
        if now == before {
            continue;
        }
        let sql =
            "SELECT \"cluster\", \"cause\", \"origin\" FROM \"mg_news\" WHERE \"slot\" = ? AND \"n\" > ? AND \"n\" <= ? ORDER BY \"n\"";
        let near = now > before && now - before <= KEPT;
        let rows = if near { db.fetch(sql, vec![Arg::Int(slot), Arg::Int(before), Arg::Int(now)]).await? } else { Vec::new() };
        if i64::try_from(rows.len()).ok() != Some(now - before) {
            changes.tell_all();
        } else {
            for row in rows {
                let (cause, origin): (String, Uuid) = (row.get("cause")?, row.get("origin")?);
                if let Some(cause) = Cause::from_word(&cause).filter(|_| origin != changes.origin) {
                    changes.tell(row.get("cluster")?, cause);
                }
            }
        }
        seen.insert(slot, now);
    }
    Ok(())
}

/// Removes what every process has had time to read.
async fn clear(db: &Database, seen: &BTreeMap<i64, i64>, cleared: &mut BTreeMap<i64, i64>) -> Result<(), Error> {
    for (slot, now) in seen {
        if now - cleared.get(slot).copied().unwrap_or(0) < KEPT {
            continue;
        }
        let mut tx = db.begin().await?;
        let args = vec![Arg::Int(*slot), Arg::Int(now - KEPT)];
        tx.execute("DELETE FROM \"mg_news\" WHERE \"slot\" = ? AND \"n\" <= ?", args).await?;
        tx.commit().await?;
        cleared.insert(*slot, *now);
    }
    Ok(())
}

async fn listener(target: &Target) -> Result<PgListener, Error> {
    const LISTENING: &str = "listening for news";
    let Target::Postgres(server) = target else {
        return Err(Error::Connection { reason: "is not PostgreSQL's".to_owned() });
    };
    let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(ANSWER).idle_timeout(None).max_lifetime(None);
    let pool = pool.connect_lazy_with(postgres(server));
    let mut listener = PgListener::connect_with(&pool).await.map_err(Error::database(LISTENING))?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await.map_err(Error::database(LISTENING))?;
    Ok(listener)
}

/// Hears notifications; connects anew when the connection is lost, and then everybody looks once.
async fn listen(target: Target, first: PgListener, changes: Arc<Changes>, mut alive: watch::Receiver<()>) {
    let mut listening = Some(first);
    loop {
        let Some(mut ears) = listening.take() else {
            tokio::select! {
                _ = alive.changed() => return,
                made = listener(&target) => match made {
                    Ok(made) => {
                        tracing::info!("news of other processes are heard again; everybody looks once");
                        changes.tell_all();
                        listening = Some(made);
                    }
                    Err(_) => sleep(EVERY).await,
                }
            }
            continue;
        };
        let heard = tokio::select! {
            _ = alive.changed() => return,
            heard = timeout(QUIET, ears.try_recv()) => heard,
        };
        let goes_on = match heard {
            Ok(Ok(Some(news))) => {
                hear(news.payload(), &changes);
                true
            }
            // Silence is normal; a connection that was cut without a word looks the same.
            Err(_) => matches!(timeout(ANSWER, sqlx::query("SELECT 1").execute(&mut ears)).await, Ok(Ok(_))),
            Ok(Ok(None) | Err(_)) => false,
        };
        if goes_on {
            listening = Some(ears);
        } else {
            tracing::warn!("the connection for news is lost");
        }
    }
}

/// One notification: cluster, cause, origin.
fn hear(text: &str, changes: &Changes) {
    let mut words = text.split(' ');
    let (cluster, cause, origin) = (words.next(), words.next(), words.next());
    let Some((cluster, cause)) = cluster.and_then(|word| word.parse().ok()).zip(cause.and_then(Cause::from_word)) else {
        return changes.tell_all();
    };
    if origin.and_then(|word| word.parse().ok()) != Some(changes.origin) {
        changes.tell(cluster, cause);
    }
}
