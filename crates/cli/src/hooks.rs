// SPDX-License-Identifier: Apache-2.0
//! The commands that this crate parses but the program carries out: `serve`, `image` and `db`.

use crate::database::DatabaseArgs;
use crate::error::{Error, FAILED};
use crate::settings::{ConfigCommand, ConfigFiles, PolicyCommand};
use clap::{Args, Subcommand, ValueEnum};
use futures::future::BoxFuture;
use serde_json::Value;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What the program adds to the client.
pub struct Hooks {
    /// Runs the server, or a part of it, until it is told to stop.
    pub serve: Box<dyn FnOnce(Serve) -> BoxFuture<'static, Result<(), HookError>> + Send>,
    /// Works on node images. The value is printed: an array as a list, an object as properties, null not at all;
    /// progress is the hook's to print, on standard error.
    pub image: Box<dyn FnOnce(Image) -> BoxFuture<'static, Result<Value, HookError>> + Send>,
    /// Works on the database. The value is printed as `image`'s, the number is the exit code.
    pub database: Box<dyn FnOnce(Database) -> BoxFuture<'static, Judged> + Send>,
    /// Answers about settings and rules.
    pub settings: Box<dyn FnOnce(Settings) -> BoxFuture<'static, Result<Answer, HookError>> + Send>,
}

/// What is asked about settings and rules.
#[derive(Debug, Clone)]
pub enum Settings {
    Config(ConfigCommand),
    Policy(PolicyCommand),
}

/// An answer that people and programs read in different forms.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// For people.
    pub text: String,
    /// For programs: the form of `-o json`.
    pub value: Value,
    /// The exit code.
    pub exit: u8,
}

/// What is printed, with the exit code.
pub type Judged = Result<(Value, u8), HookError>;

/// Why a hook failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookError {
    pub message: String,
    pub hint: Option<String>,
    pub exit: u8,
}

impl HookError {
    /// A failure with exit code 1.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, exit: FAILED }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<HookError> for Error {
    fn from(error: HookError) -> Self {
        Error::Hook { message: error.message, hint: error.hint, exit: error.exit }
    }
}

/// What `magnum serve`, `magnum api` or `magnum conductor` was asked to do.
#[derive(Debug, Clone)]
pub struct Serve {
    pub state_dir: PathBuf,
    /// What the process answers at; none: it has no API.
    pub api: Option<ApiArgs>,
    /// How it makes clusters; none: others do.
    pub conductor: Option<ConductorArgs>,
    pub process: ProcessArgs,
}

impl Serve {
    /// Whether this process does everything, so that no other need look at its state.
    pub fn is_alone(&self) -> bool {
        self.api.is_some() && self.conductor.is_some()
    }
}

/// Options of `magnum serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    pub api: ApiArgs,
    #[command(flatten)]
    pub conductor: ConductorArgs,
    #[command(flatten)]
    pub process: ProcessArgs,
}

/// Options of `magnum api`.
#[derive(Debug, Clone, Args)]
pub struct OnlyApiArgs {
    #[command(flatten)]
    pub api: ApiArgs,
    #[command(flatten)]
    pub process: ProcessArgs,
}

/// Options of `magnum conductor`.
#[derive(Debug, Clone, Args)]
pub struct OnlyConductorArgs {
    #[command(flatten)]
    pub conductor: ConductorArgs,
    #[command(flatten)]
    pub process: ProcessArgs,
}

/// Where and what the API answers.
#[derive(Debug, Clone, Args)]
pub struct ApiArgs {
    /// Where the API listens; without it, as [api] host and port say, 127.0.0.1:9511 by default
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Whose images, flavors and networks requests may name, when Keystone is in front
    #[arg(long, value_enum, value_name = "WHOSE", default_value_t = CatalogueOf::Local)]
    pub catalogue: CatalogueOf,
}

/// How clusters are made.
#[derive(Debug, Clone, Args)]
pub struct ConductorArgs {
    /// The range that the clusters' API addresses are taken from; they exist on this machine only
    #[arg(long, value_name = "NETWORK")]
    pub external_range: Option<ipnet::Ipv4Net>,
    /// Let the nodes reach what this machine reaches, by address translation
    #[arg(long)]
    pub egress: bool,
}

/// What every process of the server has.
#[derive(Debug, Clone, Args)]
pub struct ProcessArgs {
    #[command(flatten)]
    pub files: ConfigFiles,
    /// Where numbers for Prometheus are given out, at /metrics; nowhere unless named
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub metrics: Option<SocketAddr>,
    /// Where node images and downloads are kept
    #[arg(long, env = "MAGNUM_CACHE_DIR", value_name = "DIR", default_value = "/var/cache/magnum")]
    pub cache_dir: PathBuf,
    /// How much to log: a level, or per module as in `info,magnum_engine=debug`
    #[arg(long, env = "MAGNUM_LOG", value_name = "FILTER", default_value = "info")]
    pub log: String,
    /// How log lines look
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
}

/// Whose images, flavors and networks requests may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CatalogueOf {
    /// The local engine's
    Local,
    /// Those of Glance, Nova and Neutron, asked in the caller's name
    Openstack,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// What `magnum db` was asked to do.
#[derive(Debug, Clone)]
pub struct Database {
    pub state_dir: PathBuf,
    pub options: DatabaseArgs,
}

/// What `magnum image` was asked to do.
#[derive(Debug, Clone)]
pub struct Image {
    pub state_dir: PathBuf,
    pub options: ImageArgs,
}

/// Options of `magnum image`.
#[derive(Debug, Clone, Args)]
pub struct ImageArgs {
    /// Where node images and downloads are kept
    #[arg(long, global = true, env = "MAGNUM_CACHE_DIR", value_name = "DIR", default_value = "/var/cache/magnum")]
    pub cache_dir: PathBuf,
    #[command(subcommand)]
    pub command: ImageCommand,
}

/// `magnum image …`.
#[derive(Debug, Clone, Subcommand)]
pub enum ImageCommand {
    /// Build a node image, or find it built
    Build {
        /// The image's name
        #[arg(default_value = crate::catalogue::IMAGE)]
        name: String,
        /// Build it again although it is there
        #[arg(long)]
        force: bool,
    },
    /// List the node images on this machine
    List,
    /// Show a node image
    Show {
        /// The image's name
        #[arg(default_value = crate::catalogue::IMAGE)]
        name: String,
    },
}
