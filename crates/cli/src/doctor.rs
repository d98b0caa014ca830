// SPDX-License-Identifier: Apache-2.0
//! `magnum doctor`: asks the server for a diagnosis, prints it, and ends with the report's own exit code. The text is
//! the one that every other program makes of a report; programs get the server's document as it is.

mod bundle;
mod checks;
mod path;
mod watch;

use crate::context::{Context, text};
use crate::error::Error;
use crate::explain;
use crate::global::Output;
use crate::output::plain;
use clap::{Args, Subcommand};
use magnum_rules::render::{self, Options, text_with};
use magnum_rules::report::{Report, Word};
use magnum_rules::{ComplaintEntry, Selection};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;

/// A diagnosis looks at every node; the server limits each look.
const LIMIT: Duration = Duration::from_secs(180);

/// Arguments of `doctor`.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, disable_help_subcommand = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub about: Option<About>,
    /// The cluster's name or uuid
    #[arg(required_unless_present = "from_bundle")]
    pub cluster: Option<String>,
    /// Look for this fault only, such as after its remedy; repeat for several
    #[arg(long, value_name = "ID", conflicts_with = "last")]
    pub verify: Vec<String>,
    /// Tell only what can be behind this: a name such as pending, or an error message as it was read
    #[arg(long, value_name = "NAME|TEXT", conflicts_with_all = ["last", "verify"])]
    pub symptom: Option<String>,
    /// Print the last report instead of looking again
    #[arg(long)]
    pub last: bool,
    /// Also write facts, report, timeline and consoles to this file, without their secrets
    #[arg(long, value_name = "FILE", conflicts_with = "last")]
    pub bundle: Option<PathBuf>,
    /// Put other names and addresses into the bundle
    #[arg(long, requires = "bundle")]
    pub pseudonyms: bool,
    /// Stay: show how the nodes get on while something is in progress, then look again and again, and print when the
    /// verdict is another one
    #[arg(long, conflicts_with_all = ["last", "bundle", "from_bundle"])]
    pub watch: bool,
    /// With --watch, look again after this many seconds
    #[arg(long, value_name = "SECONDS", requires = "watch", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    pub every: u64,
    /// Judge a bundle instead of a cluster; needs no server
    #[arg(long, value_name = "FILE", conflicts_with_all = ["cluster", "last", "bundle"])]
    pub from_bundle: Option<PathBuf>,
    /// Print every check, the evidence and what was collected
    #[arg(long, short)]
    pub verbose: bool,
    /// End with 1 for a warning too
    #[arg(long, value_parser = ["cause", "warning"], default_value = "cause", value_name = "WHAT")]
    pub fail_on: String,
}

/// What can be asked of the doctor itself.
#[derive(Debug, Clone, Subcommand)]
pub enum About {
    /// List every fault the doctor looks for; needs no server
    Checks(checks::Arguments),
    /// Trace packets from one end to another, hop by hop, there and back
    Path(path::Arguments),
}

/// Answers the report's exit code.
pub(crate) async fn run(context: &Context, arguments: &Arguments) -> Result<u8, Error> {
    match &arguments.about {
        Some(About::Checks(wish)) => {
            checks::list(context, wish)?;
            return Ok(0);
        }
        Some(About::Path(wish)) => return path::run(context, wish).await,
        None => {}
    }
    for id in &arguments.verify {
        explain::known(id)?;
    }
    let symptom = arguments.symptom.as_deref().map(known_complaint).transpose()?;
    if let (Some(entry), Some(text)) = (symptom, &arguments.symptom)
        && entry.name != text
    {
        context.printer.note(&format!("symptom: {} ({})", entry.name, entry.title().trim_end_matches('.')));
    }
    if arguments.watch {
        return watch::run(context, arguments, symptom).await;
    }
    let selection = Selection { only: arguments.verify.clone(), symptom: symptom.map(|entry| entry.complaint.id.to_owned()) };
    let document = match (&arguments.from_bundle, &arguments.bundle) {
        (Some(path), _) => bundle::judge_again(context, path, selection)?,
        (None, Some(path)) => {
            let answer = ask(context, arguments, symptom).await?;
            bundle::write(
                context,
                arguments.cluster.as_deref().unwrap_or_default(),
                answer,
                bundle::Wish { path, selection, pseudonyms: arguments.pseudonyms },
            )
            .await?
        }
        (None, None) => ask(context, arguments, symptom).await?,
    };
    print(context, arguments, &document)
}

/// Prints a report and answers its exit code.
fn print(context: &Context, arguments: &Arguments, document: &Value) -> Result<u8, Error> {
    let report = read(document)?;
    if !context.printer.document(document)? {
        let options = Options { verbose: arguments.verbose, ascii: !context.printer.utf8() };
        context.printer.out(&match context.printer.output() {
            Output::Jsonl => render::jsonl(&report),
            Output::Junit => render::junit(&report),
            Output::Markdown => plain(&render::markdown(&report)),
            _ => plain(&text_with(&report, options)),
        });
    }
    Ok(exit_code(arguments, &report))
}

fn exit_code(arguments: &Arguments, report: &Report) -> u8 {
    let warned = arguments.fail_on == "warning" && report.findings.iter().any(|finding| finding.status == Word::Warning);
    if report.exit == 0 && warned { 1 } else { report.exit }
}

/// The complaint that `text` names.
fn known_complaint(text: &str) -> Result<&'static ComplaintEntry, Error> {
    magnum_rules::complaint(text).ok_or_else(|| {
        let hint = Some("magnum doctor CLUSTER without --symptom looks at everything".to_owned());
        Error::Usage { message: magnum_rules::no_complaint(text), hint }
    })
}

async fn ask(context: &Context, arguments: &Arguments, symptom: Option<&ComplaintEntry>) -> Result<Value, Error> {
    let client = context.client()?;
    let cluster = arguments.cluster.as_deref().unwrap_or_default();
    if arguments.last {
        return client.get(&["clusters", cluster, "diagnoses", "latest"]).send().await;
    }
    if context.printer.live() && context.printer.is_table() && !arguments.watch {
        context.printer.note("looking …");
    }
    let request = client.post(&["clusters", cluster, "diagnoses"], json!({})).limit(LIMIT);
    let request = if arguments.verify.is_empty() { request } else { request.query("verify", &arguments.verify.join(",")) };
    let request = if let Some(entry) = symptom { request.query("symptom", entry.name) } else { request };
    let request = if arguments.bundle.is_some() { request.query("bundle", "true") } else { request };
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
