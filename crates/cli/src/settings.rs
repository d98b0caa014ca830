// SPDX-License-Identifier: Apache-2.0
//! Commands about the server's own settings and rules, which the program carries out: `config` and `policy`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Where settings are read from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct ConfigFiles {
    /// File with settings in oslo.config's format, such as /etc/magnum/magnum.conf; a later one overrides an earlier one
    #[arg(long, value_name = "FILE")]
    pub config_file: Vec<PathBuf>,
    /// Folder whose *.conf files are read after the files, in the order of their names
    #[arg(long, value_name = "DIR")]
    pub config_dir: Vec<PathBuf>,
}

/// `magnum config …`.
#[derive(Debug, Clone, Subcommand)]
pub enum ConfigCommand {
    /// Show every setting in force, and where it comes from
    Show {
        #[command(flatten)]
        files: ConfigFiles,
        /// Only settings that somebody set
        #[arg(long)]
        set: bool,
    },
    /// Print a file with every setting and its default
    Sample,
    /// Say what is wrong with the settings and the policy's files, and whether database, Keystone and broker can be reached
    Check {
        #[command(flatten)]
        files: ConfigFiles,
        /// Read files only, and connect to nothing
        #[arg(long)]
        offline: bool,
    },
}

/// `magnum policy …`.
#[derive(Debug, Clone, Subcommand)]
pub enum PolicyCommand {
    /// List the rules in force, and where they come from
    List {
        #[command(flatten)]
        files: ConfigFiles,
    },
    /// Print a file with every rule and its default
    Sample,
    /// Say what is wrong with the policy's files
    Check {
        #[command(flatten)]
        files: ConfigFiles,
    },
    /// Say whether a caller may do something, and why
    Explain {
        /// The rule, such as cluster:create
        rule: String,
        #[command(flatten)]
        files: ConfigFiles,
        #[command(flatten)]
        asker: Asker,
    },
}

/// A caller and an object to ask a rule about.
#[derive(Debug, Clone, Args)]
pub struct Asker {
    /// A role of the caller; repeat for several
    #[arg(long, value_name = "ROLE")]
    pub role: Vec<String>,
    /// The caller's project
    #[arg(long, value_name = "ID", default_value = "own-project")]
    pub project: String,
    /// The caller's user
    #[arg(long, value_name = "ID", default_value = "own-user")]
    pub user: String,
    /// The domain the user belongs to
    #[arg(long, value_name = "ID")]
    pub domain: Option<String>,
    /// The token is for the whole system, not for a project
    #[arg(long)]
    pub system: bool,
    /// The project of what is asked about; without it, the caller's own
    #[arg(long, value_name = "ID")]
    pub target_project: Option<String>,
    /// The user of what is asked about; without it, the caller
    #[arg(long, value_name = "ID")]
    pub target_user: Option<String>,
}
