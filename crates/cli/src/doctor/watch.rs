// SPDX-License-Identifier: Apache-2.0
//! `magnum doctor CLUSTER --watch`: while something is in progress, how the nodes get on, and then what is wrong with
//! them; when nothing is, the diagnosis again and again, printed when its verdict is another one.

use super::{Arguments, ask, exit_code, print, read};
use crate::context::{Context, text};
use crate::error::Error;
use crate::watch::{self, Goal};
use magnum_rules::ComplaintEntry;
use magnum_rules::report::{Report, Word};
use std::time::Duration;

/// What makes one verdict another one than the last.
#[derive(Debug, Clone, PartialEq)]
struct Verdict {
    verdict: Word,
    findings: Vec<(String, String)>,
}

impl Verdict {
    fn of(report: &Report) -> Self {
        let findings = report.findings.iter().map(|finding| (finding.id.clone(), format!("{:?}", finding.subject)));
        Self { verdict: report.verdict, findings: findings.collect() }
    }
}

/// Watches until what was in progress has ended, or until Ctrl-C; answers the exit code of the last report.
pub(super) async fn run(context: &Context, arguments: &Arguments, symptom: Option<&ComplaintEntry>) -> Result<u8, Error> {
    let cluster = arguments.cluster.as_deref().unwrap_or_default();
    // The uuid, because the name may go to another cluster meanwhile.
    let uuid = text(&context.cluster(cluster).await?, "uuid").to_owned();
    if follow(context, &uuid).await? {
        return match ask(context, arguments, symptom).await {
            Err(error) if error.is_not_found() => Ok(gone(context, cluster, 0)),
            document => print(context, arguments, &document?),
        };
    }
    let (mut last, mut exit) = (None, 0);
    loop {
        let document = tokio::select! {
            document = ask(context, arguments, symptom) => document,
            _ = tokio::signal::ctrl_c() => return Ok(exit),
        };
        let document = match document {
            Err(error) if error.is_not_found() => return Ok(gone(context, cluster, exit)),
            document => document?,
        };
        let report = read(&document)?;
        let verdict = Verdict::of(&report);
        exit = exit_code(arguments, &report);
        if last.as_ref() != Some(&verdict) {
            print(context, arguments, &document)?;
            last = Some(verdict);
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(arguments.every)) => {}
            _ = tokio::signal::ctrl_c() => return Ok(exit),
        }
        follow(context, &uuid).await?;
    }
}

fn gone(context: &Context, cluster: &str, exit: u8) -> u8 {
    context.printer.note(&format!("{cluster} is gone"));
    exit
}

/// Shows an action in progress to its end; answers whether there was one.
async fn follow(context: &Context, uuid: &str) -> Result<bool, Error> {
    let cluster = match context.cluster(uuid).await {
        Err(error) if error.is_not_found() => return Ok(false),
        cluster => cluster?,
    };
    let status = text(&cluster, "status");
    if !status.ends_with("_IN_PROGRESS") {
        return Ok(false);
    }
    let goal = match status {
        "CREATE_IN_PROGRESS" => Goal::Create,
        "DELETE_IN_PROGRESS" => Goal::Delete,
        _ => Goal::Update,
    };
    match watch::run(context, goal, watch::Mark::of_present(context, &cluster).await?).await {
        // What went wrong is what the diagnosis is about.
        Err(Error::Failed { message, .. }) => context.printer.note(&message),
        ended => ended?,
    }
    Ok(true)
}
