// SPDX-License-Identifier: Apache-2.0
//! The command line client of the `magnum` program.
//!
//! It parses, asks the server, prints. What must stay true: data goes to standard output and everything else to
//! standard error; every command has `-o table|json|yaml|value`; every request has a time limit; an error says what
//! to do next where that is known. The program itself is given in as [`Hooks`].

mod argument;
mod authority;
mod catalogue;
mod client;
mod cluster;
mod coe;
mod command;
mod context;
mod credential;
mod database;
mod doctor;
mod endpoint;
mod error;
mod explain;
mod global;
mod hooks;
mod legacy;
mod login;
mod near;
mod node;
mod nodegroup;
mod output;
mod paging;
mod private_file;
mod reference;
mod service;
mod settings;
mod template;
mod timeline;
mod watch;
mod words;

pub use command::{Cli, Command};
pub use database::{Connection, DatabaseArgs, DatabaseCommand};
pub use error::Error;
pub use global::{Global, Output};
pub use hooks::{
    Answer, ApiArgs, CatalogueOf, ConductorArgs, Database, HookError, Hooks, Image, ImageArgs, ImageCommand, Judged, LogFormat,
    OnlyApiArgs, OnlyConductorArgs, ProcessArgs, Serve, ServeArgs, Settings,
};
pub use login::OpenStack;
pub use output::{Cliff, Form, Quote, Streams};
pub use settings::{Asker, ConfigCommand, ConfigFiles, PolicyCommand};

use clap::{CommandFactory, Parser};
use context::Context;
use error::USAGE;
use serde_json::Value;
use std::ffi::OsString;
use std::process::ExitCode;

/// Columns of a node image, when the hook's list has them.
const IMAGE: &[&str] = &["name", "status", "size", "built_at", "path"];

/// Runs one command of the process: its arguments (the program's name first) and what the program adds.
pub async fn run(args: impl IntoIterator<Item = OsString>, hooks: Hooks) -> ExitCode {
    ExitCode::from(run_with(args, hooks, Streams::of_process()).await)
}

/// Runs one command on the given streams; answers its exit code.
pub async fn run_with(args: impl IntoIterator<Item = OsString>, hooks: Hooks, mut streams: Streams) -> u8 {
    let args = words::tidy(args);
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) => return not_parsed(&error, &args, &mut streams),
    };
    let context = Context::new(cli.global.clone(), streams);
    match execute(&context, cli.command, hooks).await {
        Ok(code) => code,
        Err(error) => {
            let error = near::hinted(&context, error).await;
            context.printer.error(&error);
            error.exit()
        }
    }
}

/// Help and version go to standard output with 0; everything else is a usage error.
fn not_parsed(error: &clap::Error, args: &[OsString], streams: &mut Streams) -> u8 {
    let (stream, colour) = if error.use_stderr() { (&mut streams.err, streams.colour.1) } else { (&mut streams.out, streams.colour.0) };
    let text = error.render();
    let mut text = if colour { text.ansi().to_string() } else { text.to_string() };
    if let Some(gone) = words::gone(error, args) {
        text = gone;
    }
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
    if error.use_stderr() { USAGE } else { 0 }
}

async fn execute(context: &Context, command: Command, hooks: Hooks) -> Result<u8, Error> {
    let is_report = matches!(&command, Command::Doctor(arguments) if arguments.about.is_none());
    if context.printer.output().is_of_reports() && !is_report {
        return Err(context.printer.not_a_report());
    }
    let state_dir = context.global.state_dir.clone();
    match command {
        Command::Cluster(command) => command.run(context).await?,
        Command::ClusterTemplate(command) => command.run(context).await?,
        Command::Nodegroup(command) => command.run(context).await?,
        Command::Node(command) => return command.run(context).await,
        Command::Doctor(arguments) => return doctor::run(context, &arguments).await,
        Command::Explain(arguments) => explain::run(context, &arguments)?,
        Command::Timeline(arguments) => timeline::run(context, &arguments).await?,
        Command::Ca(command) => command.run(context).await?,
        Command::Credential(command) => command.run(context).await?,
        Command::Service(command) => command.run(context).await?,
        Command::Stats(command) => command.run(context).await?,
        Command::Quotas(command) => command.run(context).await?,
        Command::Coe(command) => command.run(context).await?,
        Command::Legacy(command) => command.run(context).await?,
        Command::Docs => context.printer.out(&reference::markdown()),
        Command::Completion { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "magnum", &mut script);
            context.printer.out_bytes(&script);
        }
        Command::Serve(ServeArgs { api, conductor, process }) => {
            (hooks.serve)(Serve { state_dir, api: Some(api), conductor: Some(conductor), process }).await?;
        }
        Command::Api(OnlyApiArgs { api, process }) => {
            (hooks.serve)(Serve { state_dir, api: Some(api), conductor: None, process }).await?;
        }
        Command::Conductor(OnlyConductorArgs { conductor, process }) => {
            (hooks.serve)(Serve { state_dir, api: None, conductor: Some(conductor), process }).await?;
        }
        Command::Db(options) => {
            let (answer, code) = (hooks.database)(Database { state_dir, options }).await?;
            print_answer(context, &answer)?;
            return Ok(code);
        }
        Command::Image(options) => {
            let answer = (hooks.image)(Image { state_dir, options }).await?;
            print_answer(context, &answer)?;
        }
        Command::Config(command) => return about_settings(context, hooks, Settings::Config(command)).await,
        Command::Policy(command) => return about_settings(context, hooks, Settings::Policy(command)).await,
    }
    Ok(0)
}

/// Has the program answer about settings or rules; the answer has its own exit code.
async fn about_settings(context: &Context, hooks: Hooks, asked: Settings) -> Result<u8, Error> {
    let answer = (hooks.settings)(asked).await?;
    if !context.printer.document(&answer.value)? {
        context.printer.out(&answer.text);
    }
    Ok(answer.exit)
}

/// Prints what a hook answered: rows, properties, or nothing.
fn print_answer(context: &Context, answer: &Value) -> Result<(), Error> {
    let keys = |item: &Value| item.as_object().map(|map| map.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    match answer {
        Value::Array(rows) => {
            let own = rows.first().map(keys).unwrap_or_else(|| IMAGE.iter().map(|name| (*name).to_owned()).collect());
            context.printer.list(&own.iter().map(String::as_str).collect::<Vec<_>>(), rows)
        }
        Value::Object(_) => context.printer.show(&keys(answer).iter().map(String::as_str).collect::<Vec<_>>(), answer),
        Value::Null => Ok(()),
        other => {
            context.printer.out(&format!("{other}\n"));
            Ok(())
        }
    }
}
