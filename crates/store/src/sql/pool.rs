// SPDX-License-Identifier: Apache-2.0
//! The connections to a database, and what every session of them is set to.

use super::lending::Lending;
use super::retry::{is_distrust, is_lost};
use super::transaction::Inner;
use super::{Arg, Attempts, Row, STATEMENT, Transaction, bound, limited};
use crate::change::Changes;
use crate::connection::{Limits, Server, Target, Tls};
use crate::dialect::{Dialect, translate};
use crate::error::Error;
use secrecy::ExposeSecret;
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions, MySqlSslMode};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, MySql, Postgres, Sqlite};
use std::collections::BTreeSet;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How long a call waits for SQLite's one writer.
const PATIENCE: Duration = Duration::from_secs(10);
const BEGINNING: &str = "beginning a transaction";
/// How long an attempt to connect may take.
const CONNECT: Duration = Duration::from_secs(10);

/// What the statements have to know of this database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    pub dialect: Dialect,
    /// Whether other processes may use it too, so that they have to be told of changes.
    pub shared: bool,
    /// Table and column of what a Magnum older than ours does not have; their values are in `mg_column`.
    pub missing: BTreeSet<(&'static str, &'static str)>,
}

impl Layout {
    pub(crate) fn is_missing(&self, table: &str, column: &str) -> bool {
        self.missing.iter().any(|(t, c)| *t == table && *c == column)
    }
}

/// The pools: of SQLite the readers, and the one writer it can have.
#[derive(Clone)]
pub(crate) enum Pools {
    Sqlite { writer: Lending<Sqlite>, reader: Lending<Sqlite> },
    Postgres(Lending<Postgres>),
    Mysql(Lending<MySql>),
}

/// A database.
pub(crate) struct Database {
    pools: Pools,
    pub(crate) layout: Arc<Layout>,
    pub(crate) changes: Arc<Changes>,
    /// Ends those who look for other processes' news, with the database.
    pub(crate) alive: watch::Sender<()>,
}

impl Database {
    /// Connects; a server that does not answer is asked again as `limits` say.
    pub(crate) async fn open(target: &Target, limits: &Limits) -> Result<Self, Error> {
        let mut tries = 0;
        let pools = loop {
            match Pools::open(target, limits).await {
                Ok(pools) => break pools,
                Err(error) if is_away(target, &error) && limits.max_retries.is_none_or(|most| tries < most) => {
                    tries += 1;
                    tracing::warn!(tries, database = target.shown(), %error, "the database does not answer; it is asked again");
                    tokio::time::sleep(limits.retry_interval).await;
                }
                Err(error) => return Err(told(target, error)),
            }
        };
        let layout = Layout { dialect: target.dialect(), shared: false, missing: BTreeSet::new() };
        Ok(Self { pools, layout: Arc::new(layout), changes: Arc::default(), alive: watch::Sender::new(()) })
    }

    /// From now on other processes are told of what is written.
    pub(crate) fn share(&mut self) {
        self.layout = Arc::new(Layout { shared: true, ..(*self.layout).clone() });
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.layout.dialect
    }

    /// The rows of a query outside any transaction; asked again when the connection was lost.
    pub(crate) async fn fetch(&self, sql: &str, args: Vec<Arg>) -> Result<Vec<Row>, Error> {
        let (sql, args) = translate(sql, args, self.layout.dialect);
        let mut attempts = Attempts::default();
        loop {
            match self.pools.fetch(&sql, args.clone()).await {
                Err(error) if attempts.again(&error).await => {}
                outcome => return outcome,
            }
        }
    }

    /// Begins a transaction that may write. Everything it must be sure of, it locks.
    pub(crate) async fn begin(&self) -> Result<Transaction, Error> {
        let begun = match &self.pools {
            // IMMEDIATE: take the write lock first, so that nothing read here can be stale when written.
            Pools::Sqlite { writer, .. } => sqlite_begin(writer, Some("BEGIN IMMEDIATE")).await,
            Pools::Postgres(pool) => limited(BEGINNING, begin(pool, None)).await.map(Inner::Postgres),
            Pools::Mysql(pool) => limited(BEGINNING, begin(pool, None)).await.map(Inner::Mysql),
        };
        Ok(Transaction::new(self.pools.trusting(begun)?, Arc::clone(&self.layout), Arc::clone(&self.changes)))
    }

    /// Begins a transaction in which every read sees the same moment.
    pub(crate) async fn begin_snapshot(&self) -> Result<Transaction, Error> {
        let begun = match &self.pools {
            Pools::Sqlite { reader, .. } => sqlite_begin(reader, None).await,
            Pools::Postgres(pool) => {
                let words = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                limited(BEGINNING, begin(pool, Some(words))).await.map(Inner::Postgres)
            }
            Pools::Mysql(pool) => {
                let beginning = async {
                    let mut connection = pool.take().await?;
                    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").await?;
                    connection.begin(Some("START TRANSACTION WITH CONSISTENT SNAPSHOT")).await
                };
                limited(BEGINNING, beginning).await.map(Inner::Mysql)
            }
        };
        Ok(Transaction::new(self.pools.trusting(begun)?, Arc::clone(&self.layout), Arc::clone(&self.changes)))
    }

    /// Closes all connections, and ends who looks for news.
    pub(crate) async fn close(&self) {
        self.alive.send_replace(());
        match &self.pools {
            Pools::Sqlite { writer, reader } => {
                reader.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
            Pools::Mysql(pool) => pool.close().await,
        }
    }
}

impl Pools {
    /// Opens the pools with one connection in each.
    pub(crate) async fn open(target: &Target, limits: &Limits) -> Result<Self, sqlx::Error> {
        let most = limits.max_pool_size.saturating_add(limits.max_overflow).max(1);
        match target {
            Target::Sqlite(None) => {
                let pool = sqlite(SqliteConnectOptions::new().in_memory(true), 1).await?;
                Ok(Self::Sqlite { writer: pool.clone(), reader: pool })
            }
            Target::Sqlite(Some(path)) => {
                make_private(path)?;
                let options = SqliteConnectOptions::new()
                    .filename(path)
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Normal)
                    .busy_timeout(PATIENCE);
                let writer = sqlite(options.clone(), 1).await?;
                Ok(Self::Sqlite { writer, reader: sqlite(options.read_only(true), 4).await? })
            }
            Target::Postgres(server) => {
                let pool = PgPoolOptions::new().max_connections(most).acquire_timeout(limits.pool_timeout);
                let options = postgres(server);
                // The first connection by itself: a pool would try until its time is over, and not say why.
                let one = tokio::time::timeout(CONNECT, options.connect()).await.map_err(|_| sqlx::Error::PoolTimedOut)??;
                one.close().await?;
                Ok(Self::Postgres(Lending::new(pool.connect_lazy_with(options))))
            }
            Target::Mysql(server) => {
                let pool = MySqlPoolOptions::new().max_connections(most).acquire_timeout(limits.pool_timeout);
                let pool = pool.after_connect(|connection, _| Box::pin(async move { mysql_session(connection).await }));
                let options = mysql(server);
                let mut one = tokio::time::timeout(CONNECT, options.connect()).await.map_err(|_| sqlx::Error::PoolTimedOut)??;
                mysql_session(&mut one).await?;
                one.close().await?;
                Ok(Self::Mysql(Lending::new(pool.connect_lazy_with(options))))
            }
        }
    }

    /// Runs a query that is translated already.
    pub(crate) async fn fetch(&self, sql: &str, args: Vec<Arg>) -> Result<Vec<Row>, Error> {
        const READING: &str = "reading";
        let sql = sql.to_owned();
        let fetched = match self {
            Pools::Sqlite { reader, .. } => read!(reader, sql, args, Row::Sqlite).await.map_err(Error::database(READING)),
            Pools::Postgres(pool) => limited(READING, read!(pool, sql, args, Row::Postgres)).await,
            Pools::Mysql(pool) => limited(READING, read!(pool, sql, args, Row::Mysql)).await,
        };
        self.trusting(fetched)
    }

    /// What came of it; a connection that was lost is a reason to look at the others.
    fn trusting<T>(&self, outcome: Result<T, Error>) -> Result<T, Error> {
        if outcome.as_ref().err().and_then(Error::driver).is_some_and(is_lost) {
            match self {
                Pools::Sqlite { writer, reader } => [writer, reader].into_iter().for_each(Lending::distrust),
                Pools::Postgres(pool) => pool.distrust(),
                Pools::Mysql(pool) => pool.distrust(),
            }
        }
        outcome
    }
}

/// All rows of a query, on a connection that is given back when all went well.
macro_rules! read {
    ($pool:expr, $sql:expr, $args:expr, $row:expr) => {
        async {
            let mut connection = $pool.take().await?;
            let rows = bound!($sql, $args).fetch_all(&mut *connection).await?;
            connection.done();
            Ok(rows.into_iter().map($row).collect())
        }
    };
}
use read;

async fn begin<DB: sqlx::Database>(pool: &Lending<DB>, words: Option<&'static str>) -> Result<sqlx::Transaction<'static, DB>, sqlx::Error> {
    pool.take().await?.begin(words).await
}

async fn sqlite_begin(pool: &Lending<Sqlite>, words: Option<&'static str>) -> Result<Inner, Error> {
    begin(pool, words).await.map(Inner::Sqlite).map_err(Error::database(BEGINNING))
}

/// Whether the server is not there, or not yet.
fn is_away(target: &Target, error: &sqlx::Error) -> bool {
    target.dialect() != Dialect::Sqlite && (matches!(error, sqlx::Error::PoolTimedOut) || is_lost(error))
}

/// A failed connection in words, with the remedy where it is known.
fn told(target: &Target, error: sqlx::Error) -> Error {
    let remedy = match &error {
        _ if target.dialect() == Dialect::Sqlite => "is its directory there, and may this user write to it?",
        sqlx::Error::PoolTimedOut => "it does not answer; is the server running, and the address right?",
        sqlx::Error::Io(cause) if is_distrust(cause) => "look at the ssl arguments of the URL, and whose certificate the server has",
        sqlx::Error::Io(_) => "is the server running, and the address right?",
        sqlx::Error::Tls(_) => "look at the ssl arguments of the URL",
        sqlx::Error::Database(said) => match said.code().as_deref() {
            Some("28P01" | "28000") => "check user and password, and what the server allows this user",
            Some("3D000" | "42000") => "create the database, and let this user use it",
            _ => "ask the server's log",
        },
        _ => "check the URL",
    };
    Error::Connection { reason: format!("leads to {}, which cannot be used: {error}; {remedy}", target.shown()) }
}

/// A new file is its owner's alone: it holds keys. SQLite gives its other files the same mode.
fn make_private(path: &Path) -> Result<(), sqlx::Error> {
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(sqlx::Error::Io(error)),
        _ => Ok(()),
    }
}

async fn sqlite(options: SqliteConnectOptions, connections: u32) -> Result<Lending<Sqlite>, sqlx::Error> {
    let pool = SqlitePoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE).idle_timeout(None).max_lifetime(None);
    pool.connect_with(options).await.map(Lending::new)
}

pub(crate) fn postgres(server: &Server) -> PgConnectOptions {
    let limit = STATEMENT.as_millis();
    let mut options = PgConnectOptions::new_without_pgpass()
        .port(server.port.unwrap_or(5432))
        .database(&server.database)
        .application_name("magnum")
        .options([("statement_timeout", limit), ("lock_timeout", limit / 2), ("idle_in_transaction_session_timeout", limit)]);
    options = match (&server.socket, &server.host) {
        (Some(socket), _) => options.socket(socket),
        (None, Some(host)) => options.host(host),
        (None, None) => options.host("localhost"),
    };
    if let Some(user) = &server.user {
        options = options.username(user);
    }
    if let Some(password) = &server.password {
        options = options.password(password.expose_secret());
    }
    let Tls { authority, certificate, key, mode } = &server.tls;
    options = options.ssl_mode(match mode.as_deref() {
        Some("disable") => PgSslMode::Disable,
        Some("allow") => PgSslMode::Allow,
        Some("require") => PgSslMode::Require,
        Some("verify-ca") => PgSslMode::VerifyCa,
        Some("verify-full") => PgSslMode::VerifyFull,
        _ => PgSslMode::Prefer,
    });
    if let Some(authority) = authority {
        options = options.ssl_root_cert(authority);
    }
    if let (Some(certificate), Some(key)) = (certificate, key) {
        options = options.ssl_client_cert(certificate).ssl_client_key(key);
    }
    options
}

fn mysql(server: &Server) -> MySqlConnectOptions {
    // The session's words are set by mysql_session, all at once.
    let mut options = MySqlConnectOptions::new()
        .port(server.port.unwrap_or(3306))
        .database(&server.database)
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .host(server.host.as_deref().unwrap_or("localhost"));
    if let Some(socket) = &server.socket {
        options = options.socket(socket);
    }
    if let Some(user) = &server.user {
        options = options.username(user);
    }
    if let Some(password) = &server.password {
        options = options.password(password.expose_secret());
    }
    let Tls { authority, certificate, key, mode } = &server.tls;
    options = options.ssl_mode(match mode.as_deref() {
        Some("verify-ca") => MySqlSslMode::VerifyCa,
        Some("verify-full") => MySqlSslMode::VerifyIdentity,
        _ => MySqlSslMode::Preferred,
    });
    if let Some(authority) = authority {
        options = options.ssl_ca(authority);
    }
    if let (Some(certificate), Some(key)) = (certificate, key) {
        options = options.ssl_client_cert(certificate).ssl_client_key(key);
    }
    options
}

/// Names in double quotes, no silent cutting of values, UTC, the same sight of other transactions as PostgreSQL gives, limits.
async fn mysql_session(connection: &mut sqlx::MySqlConnection) -> Result<(), sqlx::Error> {
    let seconds = STATEMENT.as_secs();
    let session = format!(
        "SET SESSION sql_mode = 'ANSI_QUOTES,STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', \
         SESSION time_zone = '+00:00', SESSION innodb_lock_wait_timeout = {}, SESSION transaction_isolation = 'READ-COMMITTED'",
        seconds / 2
    );
    let older = session.replace("transaction_isolation", "tx_isolation");
    match connection.execute(sqlx::AssertSqlSafe(session)).await {
        // MariaDB before 11.1 knows it by its older name.
        Err(error) if crate::error::mysql_number(&error) == Some(1193) => {
            connection.execute(sqlx::AssertSqlSafe(older)).await?;
        }
        outcome => {
            outcome?;
        }
    }
    // MariaDB's limit counts seconds, MySQL's milliseconds and reads only.
    let limits = [format!("max_statement_time = {seconds}"), format!("max_execution_time = {}", seconds * 1000)];
    for limit in limits {
        match connection.execute(sqlx::AssertSqlSafe(format!("SET SESSION {limit}"))).await {
            Err(error) if crate::error::mysql_number(&error) == Some(1193) => {}
            outcome => return outcome.map(drop),
        }
    }
    Ok(())
}
