// SPDX-License-Identifier: Apache-2.0
//! The options every command takes: where the server is, and how to print.

use crate::login::OpenStack;
use crate::output::Cliff;
use clap::{Args, ValueEnum};
use secrecy::SecretString;
use std::path::PathBuf;

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// The server's address; without it, Keystone's catalogue or the file `endpoint` in the state directory says
    #[arg(long, global = true, env = "MAGNUM_URL", value_name = "URL", help_heading = "Global options")]
    pub url: Option<String>,
    /// The token; without it, Keystone gives one, or the file `token` in the state directory (sent to this machine's own server only)
    #[arg(long, global = true, env = "MAGNUM_TOKEN", value_name = "TOKEN", hide_env_values = true, help_heading = "Global options")]
    pub token: Option<SecretString>,
    #[command(flatten)]
    pub openstack: OpenStack,
    /// The server's state directory
    #[arg(
        long,
        global = true,
        env = "MAGNUM_STATE_DIR",
        value_name = "DIR",
        default_value = "/var/lib/magnum",
        help_heading = "Global options"
    )]
    pub state_dir: PathBuf,
    /// How to print; jsonl, junit and markdown are for the doctor's report
    #[arg(long, short, global = true, value_enum, default_value_t = Output::Table, value_name = "FORMAT", help_heading = "Global options")]
    pub output: Output,
    #[command(flatten)]
    pub cliff: Cliff,
    /// Print this column only; repeat for several
    #[arg(long, short, alias = "variable", global = true, value_name = "COLUMN", help_heading = "Global options")]
    pub column: Vec<String>,
    /// Accepted for compatibility: no token is kept after the command
    #[arg(long, global = true, hide = true, help_heading = "Global options")]
    pub os_cache: bool,
    /// Print each request on standard error
    #[arg(long, global = true, help_heading = "Global options")]
    pub debug: bool,
}

impl Output {
    /// Only the doctor's report has this form.
    pub(crate) fn is_of_reports(self) -> bool {
        matches!(self, Output::Jsonl | Output::Junit | Output::Markdown)
    }
}

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people
    Table,
    /// One JSON document
    Json,
    /// One YAML document
    Yaml,
    /// Values only, one row a line
    Value,
    /// The doctor's report as lines of JSON
    Jsonl,
    /// The doctor's report as JUnit XML
    Junit,
    /// The doctor's report as Markdown
    Markdown,
}
