// SPDX-License-Identifier: Apache-2.0
//! `magnum doctor`: asks the server for a diagnosis, prints it, and ends with the report's own exit code. The text is
//! the one that every other program makes of a report; programs get the server's document as it is.

use crate::context::{Context, text};
use crate::error::Error;
use crate::explain;
use crate::output::plain;
use clap::Args;
use magnum_rules::render::{Options, text_with};
use magnum_rules::report::{Report, Word};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// A diagnosis looks at every node; the server limits each look.
const LIMIT: Duration = Duration::from_secs(180);

/// Arguments of `doctor`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// The cluster's name or uuid
    pub cluster: String,
    /// Look for this fault only, such as after its remedy; repeat for several
    #[arg(long, value_name = "ID", conflicts_with = "last")]
    pub verify: Vec<String>,
    /// Print the last report instead of looking again
    #[arg(long)]
    pub last: bool,
    /// Print every check, the evidence and what was collected
    #[arg(long, short)]
    pub verbose: bool,
    /// End with 1 for a warning too
    #[arg(long, value_parser = ["cause", "warning"], default_value = "cause", value_name = "WHAT")]
    pub fail_on: String,
}

/// Answers the report's exit code.
pub(crate) async fn run(context: &Context, arguments: &Arguments) -> Result<u8, Error> {
    for id in &arguments.verify {
        explain::known(id)?;
    }
    let document = ask(context, arguments).await?;
    let report = read(&document)?;
    if !context.printer.document(&document)? {
        let options = Options { verbose: arguments.verbose, ascii: !context.printer.utf8() };
        context.printer.out(&plain(&text_with(&report, options)));
    }
    let warned = arguments.fail_on == "warning" && report.findings.iter().any(|finding| finding.status == Word::Warning);
    Ok(if report.exit == 0 && warned { 1 } else { report.exit })
}

async fn ask(context: &Context, arguments: &Arguments) -> Result<Value, Error> {
    let client = context.client()?;
    if arguments.last {
        return client.get(&["clusters", &arguments.cluster, "diagnoses", "latest"]).send().await;
    }
    if context.printer.live() && context.printer.is_table() {
        context.printer.note("looking …");
    }
    let request = client.post(&["clusters", &arguments.cluster, "diagnoses"], json!({})).limit(LIMIT);
    let request = if arguments.verify.is_empty() { request } else { request.query("verify", &arguments.verify.join(",")) };
    request.send().await
}

/// The report in the server's document.
fn read(document: &Value) -> Result<Report, Error> {
    let schema = text(document, "schema");
    if schema != Report::SCHEMA {
        let message = format!("the server sent a report of the form {schema:?}; this program knows {} only", Report::SCHEMA);
        return Err(Error::Internal { message });
    }
    Report::deserialize(document)
        .map_err(|error| Error::Internal { message: format!("the server's report is not of the form {schema} that it names: {error}") })
}
