// SPDX-License-Identifier: Apache-2.0
//! `--bundle` and `--from-bundle`: a diagnosis in one file, and judging it again without a server.

use crate::context::{Context, text};
use crate::error::Error;
use crate::{private_file, timeline};
use magnum_bundle::{Bundle, Inputs};
use magnum_facts::Facts;
use magnum_rules::Selection;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// How much of each console goes into a bundle.
const CONSOLE_BYTES: u32 = 16_384;

/// What is to be written.
pub(super) struct Wish<'a> {
    pub path: &'a Path,
    pub selection: Selection,
    pub pseudonyms: bool,
}

/// Writes the bundle of the server's answer; gives back the report in it, as the server sent it.
pub(super) async fn write(context: &Context, cluster: &str, mut answer: Value, wish: Wish<'_>) -> Result<Value, Error> {
    let facts = answer.get_mut("facts").map(Value::take).ok_or_else(|| Error::unexpected("facts"))?;
    let document = answer.get_mut("report").map(Value::take).ok_or_else(|| Error::unexpected("report"))?;
    let report = super::read(&document)?;
    let facts = Facts::deserialize(facts)
        .map_err(|error| Error::Internal { message: format!("the server's facts are not of a form known here: {error}") })?;
    let mut consoles = BTreeMap::new();
    for member in &facts.cluster.members {
        consoles.insert(member.name.clone(), console(context, cluster, &member.name).await);
    }
    let timeline = timeline::page(context, cluster, 0, false).await?.events;
    let live: Vec<String> = report.findings.iter().map(|finding| finding.id.clone()).collect();
    let inputs = Inputs { facts, report, timeline, consoles, selection: wish.selection, pseudonyms: wish.pseudonyms };
    let bundle = Bundle::new(inputs).map_err(|error| unusable(&error))?;
    let bytes = bundle.pack().map_err(|error| unusable(&error))?;
    private_file::write(&context.directory.join(wish.path), &bytes)?;
    let removed: usize = bundle.manifest.removed.values().sum();
    let names = if wish.pseudonyms { "names and addresses replaced" } else { "with real names and addresses" };
    context.printer.note(&format!(
        "wrote {} ({} KiB; {removed} secrets removed, {names})",
        wish.path.display(),
        bytes.len().div_ceil(1024)
    ));
    if bundle.report.findings.iter().map(|finding| &finding.id).ne(&live) {
        context.printer.note("what was removed changes the judgement: the report in the bundle is not the one below");
    }
    Ok(document)
}

/// The end of a node's console; where there is none, the reason.
async fn console(context: &Context, cluster: &str, node: &str) -> String {
    let answer = async {
        let request = context.client()?.get(&["clusters", cluster, "nodes", node, "console"]);
        request.query("bytes", &CONSOLE_BYTES.to_string()).send().await
    };
    match answer.await {
        Ok(answer) => text(&answer, "output").to_owned(),
        Err(error) => format!("(not read: {error})"),
    }
}

/// The report of a bundle, judged now. Asked nothing else, it answers what the bundle was made for.
pub(super) fn judge_again(context: &Context, path: &Path, selection: Selection) -> Result<Value, Error> {
    let path = context.directory.join(path);
    let bytes = std::fs::read(&path).map_err(|source| Error::File { doing: "reading", path: path.clone(), source })?;
    let bundle = Bundle::unpack(&bytes)
        .map_err(|error| Error::Failed { message: format!("{} is no bundle: {error}", path.display()), hint: made_by() })?;
    let selection = if selection.is_all() { bundle.manifest.selection() } else { selection };
    if !bundle.agrees() {
        context.printer.note(&format!("version {} judged these facts differently than this program does", bundle.manifest.program));
    }
    serde_json::to_value(bundle.replay(&selection))
        .map_err(|error| Error::Internal { message: format!("cannot write the report: {error}") })
}

fn made_by() -> Option<String> {
    Some("bundles are written by magnum doctor CLUSTER --bundle FILE".to_owned())
}

fn unusable(error: &magnum_bundle::Error) -> Error {
    Error::Internal { message: format!("the bundle cannot be made: {error}") }
}
