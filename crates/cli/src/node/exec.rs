// SPDX-License-Identifier: Apache-2.0
//! `magnum node exec`: output to the same streams, exit code as the program's own.

use super::Node;
use crate::context::{Context, text};
use crate::error::Error;
use clap::Args;
use serde_json::{Value, json};
use std::time::Duration;

/// The exit code when the program did not end in time, as `timeout` has it.
const TIMED_OUT: u8 = 124;
/// The exit code when the program was ended by a signal.
const KILLED: u8 = 137;

/// Arguments of `node exec`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub node: Node,
    /// Send this command's standard input to the program
    #[arg(long, short)]
    pub interactive: bool,
    /// End the program after this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub time_limit: u64,
    /// The program and its arguments, after `--`
    #[arg(required = true, last = true)]
    pub command: Vec<String>,
}

/// What a program on a node left.
pub(super) struct Ended {
    pub exit: u8,
    pub stdout: String,
    pub stderr: String,
    pub truncated: bool,
    pub document: Value,
}

pub(crate) async fn run(context: &Context, arguments: &Arguments) -> Result<u8, Error> {
    let read = |source| Error::File { doing: "reading", path: "standard input".into(), source };
    let stdin = if arguments.interactive { Some(context.printer.input().map_err(read)?) } else { None };
    let ended = on_node(context, &arguments.node, &arguments.command, stdin, arguments.time_limit).await?;
    if context.printer.document(&ended.document)? {
        return Ok(ended.exit);
    }
    context.printer.out_bytes(ended.stdout.as_bytes());
    context.printer.err_bytes(ended.stderr.as_bytes());
    if ended.truncated {
        context.printer.note("note: the output was longer than the server keeps; its rest is missing");
    }
    if ended.exit == TIMED_OUT && ended.document.get("timed_out") == Some(&Value::Bool(true)) {
        context.printer.note(&format!("note: the program was ended after {} seconds (--time-limit)", arguments.time_limit));
    }
    Ok(ended.exit)
}

pub(super) async fn on_node(context: &Context, node: &Node, command: &[String], stdin: Option<String>, limit: u64) -> Result<Ended, Error> {
    let mut body = json!({"command": command, "timeout_seconds": limit});
    if let Some(stdin) = stdin {
        body["stdin"] = json!(stdin);
    }
    let path = ["clusters", &node.cluster, "nodes", &node.node, "actions", "exec"];
    let answer = context.client()?.post(&path, body).limit(Duration::from_secs(limit + 30)).send().await?;
    let timed_out = answer.get("timed_out").and_then(Value::as_bool).unwrap_or_default();
    let code = answer.get("exit_code").and_then(Value::as_i64);
    let exit = match code {
        _ if timed_out => TIMED_OUT,
        Some(code) => u8::try_from(code & 0xff).unwrap_or(u8::MAX),
        None => KILLED,
    };
    Ok(Ended {
        exit,
        stdout: text(&answer, "stdout").to_owned(),
        stderr: text(&answer, "stderr").to_owned(),
        truncated: answer.get("truncated").and_then(Value::as_bool).unwrap_or_default(),
        document: answer,
    })
}
