// SPDX-License-Identifier: Apache-2.0
//! Connections handed from one query to the next. sqlx's pool asks the server whether a connection lives when it is taken and again
//! when it is given back, which makes three journeys of every query. One that has just served well is handed on without asking; if
//! it has died meanwhile, the query fails as lost and is asked again.

use sqlx::pool::PoolConnection;
use sqlx::{Database, Pool, Transaction};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a connection goes from hand to hand, or waits for the next, before the pool sees it again.
const ROUND: Duration = Duration::from_secs(60);

/// A pool with a shelf in front. Cheap to clone.
pub(crate) struct Lending<DB: Database> {
    pool: Pool<DB>,
    shelf: Arc<Mutex<Shelf<DB>>>,
}

struct Shelf<DB: Database> {
    idle: Vec<Out<DB>>,
    /// How many wait for the pool: then what is given back goes to it, since nobody who waits there looks at the shelf.
    waiting: usize,
    closed: bool,
}

/// A connection that the pool has given out.
struct Out<DB: Database> {
    connection: PoolConnection<DB>,
    taken: Instant,
    used: Instant,
}

/// A connection in use. Dropped, it goes to the pool, which looks whether it is still good.
pub(crate) struct Lent<DB: Database> {
    connection: PoolConnection<DB>,
    taken: Instant,
    shelf: Arc<Mutex<Shelf<DB>>>,
}

/// Counted among those who wait for the pool.
struct Waiting<'a, DB: Database>(&'a Mutex<Shelf<DB>>);

impl<DB: Database> Clone for Lending<DB> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), shelf: Arc::clone(&self.shelf) }
    }
}

impl<DB: Database> Lending<DB> {
    pub(crate) fn new(pool: Pool<DB>) -> Self {
        Self { pool, shelf: Arc::new(Mutex::new(Shelf { idle: Vec::new(), waiting: 0, closed: false })) }
    }

    /// A connection from the shelf, else from the pool.
    pub(crate) async fn take(&self) -> Result<Lent<DB>, sqlx::Error> {
        let waiting = match self.shelved() {
            Ok(Out { connection, taken, .. }) => return Ok(Lent { connection, taken, shelf: Arc::clone(&self.shelf) }),
            Err(waiting) => waiting,
        };
        let connection = self.pool.acquire().await;
        drop(waiting);
        Ok(Lent { connection: connection?, taken: Instant::now(), shelf: Arc::clone(&self.shelf) })
    }

    /// A server has cut off a connection, and so perhaps all: the pool is to look at them.
    pub(crate) fn distrust(&self) {
        let idle = std::mem::take(&mut locked(&self.shelf).idle);
        drop(idle);
    }

    /// Closes all connections; none is given out after that.
    pub(crate) async fn close(&self) {
        let idle = {
            let mut shelf = locked(&self.shelf);
            shelf.closed = true;
            std::mem::take(&mut shelf.idle)
        };
        drop(idle);
        self.pool.close().await;
    }

    /// The newest connection on the shelf, or a place among those who wait.
    fn shelved(&self) -> Result<Out<DB>, Waiting<'_, DB>> {
        let mut shelf = locked(&self.shelf);
        let fresh = |out: &Out<DB>| out.used.elapsed() < ROUND;
        match shelf.idle.pop().filter(fresh) {
            Some(out) => Ok(out),
            None => {
                // Older ones under it have waited even longer.
                shelf.idle.clear();
                shelf.waiting += 1;
                Err(Waiting(&self.shelf))
            }
        }
    }
}

impl<DB: Database> Lent<DB> {
    /// Gives it back after it has served well.
    pub(crate) fn done(self) {
        let Self { connection, taken, shelf } = self;
        let mut shelf = locked(&shelf);
        if shelf.waiting == 0 && !shelf.closed && taken.elapsed() < ROUND {
            shelf.idle.push(Out { connection, taken, used: Instant::now() });
        }
    }

    /// Begins a transaction, with the usual words or with these. The connection goes to the pool afterwards.
    pub(crate) async fn begin(self, words: Option<&'static str>) -> Result<Transaction<'static, DB>, sqlx::Error> {
        Transaction::begin(self.connection, words.map(sqlx::SqlSafeStr::into_sql_str)).await
    }
}

impl<DB: Database> Deref for Lent<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        &self.connection
    }
}

impl<DB: Database> DerefMut for Lent<DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        &mut self.connection
    }
}

impl<DB: Database> Drop for Shelf<DB> {
    fn drop(&mut self) {
        // The pool goes as well. To give them back would take a runtime, which may be gone.
        for out in self.idle.drain(..) {
            drop(out.connection.leak());
        }
    }
}

impl<DB: Database> Drop for Waiting<'_, DB> {
    fn drop(&mut self) {
        locked(self.0).waiting -= 1;
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
