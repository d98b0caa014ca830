// SPDX-License-Identifier: Apache-2.0
//! Doing a transaction again when the database gave it up for another's sake, or lost the connection before its end.

use crate::error::{Error, mysql_number};
use std::time::{Duration, Instant};

/// How often a transaction is tried.
const TRIES: u32 = 8;
/// For how long: waiting for locks takes most of it.
const PATIENCE: Duration = Duration::from_secs(45);
/// The first pause; each next one is up to twice as long.
const PAUSE: Duration = Duration::from_millis(5);

/// Runs the body in a transaction and commits it; begins anew, within a bound, when the database asks for that. The
/// body may run several times and must not use up what it is given.
macro_rules! transaction {
    ($db:expr, |$tx:ident| $body:block) => {{
        let mut attempts = crate::sql::Attempts::default();
        loop {
            let outcome: Result<_, crate::Error> = async {
                let mut transaction = $db.begin().await?;
                let $tx = &mut transaction;
                let answer: Result<_, crate::Error> = async { $body }.await;
                let answer = answer?;
                transaction.commit().await?;
                Ok(answer)
            }
            .await;
            match outcome {
                Err(error) if attempts.again(&error).await => {}
                outcome => break outcome,
            }
        }
    }};
}
pub(crate) use transaction;

/// How often one transaction was tried.
pub(crate) struct Attempts {
    made: u32,
    begun: Instant,
}

impl Default for Attempts {
    fn default() -> Self {
        Self { made: 0, begun: Instant::now() }
    }
}

impl Attempts {
    /// Whether it is worth another try; waits a moment if so.
    pub(crate) async fn again(&mut self, error: &Error) -> bool {
        self.made += 1;
        if self.made >= TRIES || self.begun.elapsed() > PATIENCE || !is_passing(error) {
            return false;
        }
        // Those that met must not meet again: no two wait the same.
        let most = PAUSE.saturating_mul(1 << self.made.min(6)).as_micros();
        let some = uuid::Uuid::new_v4().as_u128() % most.max(1);
        tracing::debug!(attempt = self.made, %error, "the database gave a transaction up; it is done again");
        tokio::time::sleep(Duration::from_micros(u64::try_from(some).unwrap_or(0))).await;
        true
    }
}

/// Deadlocks, lock and serialisation failures: MySQL 1213, 1205; PostgreSQL 40001, 40P01, 55P03; SQLite BUSY and LOCKED.
/// A lost connection counts too, unless it was lost while committing: then nobody knows.
fn is_passing(error: &Error) -> bool {
    let Some(driver) = error.driver() else { return false };
    if is_lost(driver) {
        return !matches!(error, Error::Database { doing: super::transaction::COMMITTING, .. });
    }
    if let Some(number) = mysql_number(driver) {
        return matches!(number, 1213 | 1205);
    }
    if let Some(code) = driver.as_database_error().and_then(|said| said.code()) {
        // SQLite's codes have the primary one in their low byte.
        let sqlite = code.parse::<u32>().is_ok_and(|code| code.to_string().len() < 5 && matches!(code & 0xff, 5 | 6));
        return sqlite || matches!(&*code, "40001" | "40P01" | "55P03");
    }
    false
}

/// Whether the connection is gone.
pub(crate) fn is_lost(error: &sqlx::Error) -> bool {
    if let Some(number) = mysql_number(error) {
        // Server shutdown, connection killed.
        return matches!(number, 1053 | 1927);
    }
    if let Some(code) = error.as_database_error().and_then(|said| said.code()) {
        return matches!(&*code, "57P01" | "57P02" | "57P03");
    }
    matches!(error, sqlx::Error::Io(cause) if !is_distrust(cause))
}

/// Whether the server's certificate was not believed: TLS says so as data that are not valid.
pub(crate) fn is_distrust(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::InvalidData
}
