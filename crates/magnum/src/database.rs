// SPDX-License-Identifier: Apache-2.0
//! `magnum db`: the database's schema, and copying everything from one database to another.

use crate::settings::{Settings, Unnamed};
use magnum_cli::{Connection, Database, DatabaseCommand, HookError, Judged};
use magnum_conf::Config;
use magnum_store::{Error, Finding, Inspection, Limits, NEWEST, REVISIONS, Revision, copy};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::time::Duration;

/// An operator waits at the keyboard: a server that is away is told at once.
const LIMITS: Limits = Limits {
    max_pool_size: 2,
    max_overflow: 2,
    pool_timeout: Duration::from_secs(10),
    max_retries: Some(0),
    retry_interval: Duration::from_secs(1),
};

/// Carries out one `magnum db` command. Answers what is printed, and the exit code.
pub async fn database(args: Database) -> Judged {
    match args.options.command {
        DatabaseCommand::Sync { database, revision } => {
            let revision = match revision {
                Some(id) => *REVISIONS.iter().find(|known| known.id == id).ok_or_else(|| unknown(&id))?,
                None => NEWEST,
            };
            let made = Inspection::sync(url(&named(&database)?), &LIMITS, revision).await.map_err(told)?;
            describe(&made).await
        }
        DatabaseCommand::Version { database } => describe(&open(&named(&database)?).await?).await,
        DatabaseCommand::Check { database } => check(&open(&named(&database)?).await?).await,
        DatabaseCommand::Stamp { database, revision } => {
            let opened = open(&named(&database)?).await?;
            opened.stamp(&revision).await.map_err(told)?;
            describe(&opened).await
        }
        DatabaseCommand::Copy { from, to } => {
            let copied = copy(url(&from), url(&to), &LIMITS).await.map_err(told)?;
            Ok((copied.into_iter().map(|one| json!({"table": one.table, "rows": one.rows})).collect(), 0))
        }
    }
}

/// `[database]`: where the database is, if anybody says, and how it is reached.
pub fn connection(config: &Config) -> Result<Option<(SecretString, Limits)>, HookError> {
    let wrong = |error: magnum_conf::Error| HookError::new(error.to_string());
    let Some(url) = config.secret("database", "connection").map_err(wrong)? else { return Ok(None) };
    let usual = Limits::default();
    let number = |option: &str| config.integer("database", option).map_err(wrong);
    let count = |option: &str, usual: u32| number(option).map(|n| n.and_then(|n| u32::try_from(n).ok()).unwrap_or(usual));
    let limits = Limits {
        max_pool_size: count("max_pool_size", usual.max_pool_size)?,
        max_overflow: count("max_overflow", usual.max_overflow)?,
        // -1: for ever.
        max_retries: match number("max_retries")? {
            Some(n) if n < 0 => None,
            Some(n) => u32::try_from(n).ok(),
            None => usual.max_retries,
        },
        retry_interval: number("retry_interval")?.and_then(|n| u64::try_from(n).ok()).map_or(usual.retry_interval, Duration::from_secs),
        ..usual
    };
    Ok(Some((url, limits)))
}

/// The database of a command: as it names it, else as its settings do.
fn named(given: &Connection) -> Result<SecretString, HookError> {
    if let Some(connection) = &given.connection {
        return Ok(connection.clone());
    }
    let settings = Settings::read(&given.files, Unnamed::Usual)?;
    let none = || HookError::new("no database is named").hint("set [database] connection, or give --connection or --config-file");
    Ok(connection(&settings.config)?.ok_or_else(none)?.0)
}

fn url(secret: &SecretString) -> &str {
    secret.expose_secret()
}

async fn open(connection: &SecretString) -> Result<Inspection, HookError> {
    Inspection::open(url(connection), &LIMITS).await.map_err(told)
}

async fn describe(database: &Inspection) -> Judged {
    let version = database.version().await.map_err(told)?;
    let described = json!({
        "database": database.place(),
        "magnum_revision": version.magnum,
        "magnum_release": version.release,
        "step": version.step,
        "newest_step": version.newest_step,
    });
    Ok((described, 0))
}

/// Nothing found is one row that says so: silence could also be a mistake.
async fn check(database: &Inspection) -> Judged {
    let findings = database.check().await.map_err(told)?;
    let has_fault = findings.iter().any(|finding| finding.is_fault);
    let row = |finding: &Finding| json!({"verdict": if finding.is_fault { "fault" } else { "note" }, "finding": finding.text});
    let mut rows: Vec<Value> = findings.iter().map(row).collect();
    if !has_fault {
        rows.insert(0, json!({"verdict": "good", "finding": format!("{} has all that this program needs", database.place())}));
    }
    Ok((Value::Array(rows), u8::from(has_fault)))
}

fn unknown(id: &str) -> HookError {
    let known: Vec<String> = REVISIONS.iter().map(|Revision { id, release, .. }| format!("{id} ({release})")).collect();
    HookError::new(format!("there is no revision {id:?} to make tables of")).hint(format!("use one of {}", known.join(", ")))
}

/// An error with its causes.
pub fn told(error: Error) -> HookError {
    let first: &dyn std::error::Error = &error;
    let causes = std::iter::successors(first.source(), |e| e.source());
    HookError::new(causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}")))
}
