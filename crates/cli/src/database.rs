// SPDX-License-Identifier: Apache-2.0
//! `magnum db …`: what an operator does with the database; the program carries it out.

use crate::settings::ConfigFiles;
use clap::{Args, Subcommand};
use secrecy::SecretString;

/// Options of `magnum db`.
#[derive(Debug, Clone, Args)]
pub struct DatabaseArgs {
    #[command(subcommand)]
    pub command: DatabaseCommand,
}

/// Which database.
#[derive(Debug, Clone, Args)]
pub struct Connection {
    /// The database, e.g. mysql+pymysql://magnum:password@db/magnum; without it, as `[database] connection` says
    #[arg(long, env = "MAGNUM_DATABASE_CONNECTION", hide_env_values = true, value_name = "URL")]
    pub connection: Option<SecretString>,
    #[command(flatten)]
    pub files: ConfigFiles,
}

/// `magnum db …`.
#[derive(Debug, Clone, Subcommand)]
pub enum DatabaseCommand {
    /// Make the tables, or bring them up to date; Magnum's own tables are never altered
    Sync {
        #[command(flatten)]
        database: Connection,
        /// The revision of Magnum's tables in a database that is empty; without it the newest
        #[arg(long, value_name = "REVISION")]
        revision: Option<String>,
    },
    /// Show the revision of Magnum's tables and the step of our own
    Version {
        #[command(flatten)]
        database: Connection,
    },
    /// Say what differs from what this program needs; exit code 1 if it cannot work
    Check {
        #[command(flatten)]
        database: Connection,
    },
    /// Set the revision of Magnum's tables without changing anything else
    Stamp {
        #[command(flatten)]
        database: Connection,
        /// The revision, e.g. b3e1cf4a2d5e
        revision: String,
    },
    /// Copy everything from one database to another, of any two kinds; the second must be empty
    Copy {
        /// Where the rows are
        from: SecretString,
        /// Where they go
        to: SecretString,
    },
}
