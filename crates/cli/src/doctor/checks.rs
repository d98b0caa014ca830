// SPDX-License-Identifier: Apache-2.0
//! `magnum doctor checks`: every fault the doctor looks for. The knowledge is in this program, so no server is asked.

use crate::context::Context;
use crate::error::Error;
use clap::Args;
use magnum_rules::{ALL, CoeKind, Entry, SECTIONS};
use serde_json::{Value, json};

/// What a table and lines of values have.
const SHORT: &[&str] = &["id", "layer", "coe", "guide", "title"];
/// What a document has, and what `-c` may name.
const ALL_COLUMNS: &[&str] = &["id", "title", "layer", "coe", "guide", "symptoms", "needs", "inject", "not_injected"];

/// Arguments of `doctor checks`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// List what the Troubleshooting Guide tells to do instead, line by line, and what does it here
    #[arg(long)]
    pub guide: bool,
}

/// What is listed of an instruction of the guide.
const GUIDE: &[&str] = &["check", "guide", "section", "says", "by"];
/// What a table of them has.
const GUIDE_SHORT: &[&str] = &["check", "guide", "says", "by"];

pub(super) fn list(context: &Context, arguments: &Arguments) -> Result<(), Error> {
    if arguments.guide {
        let all = SECTIONS.iter().flat_map(|section| section.instructions.iter().map(move |one| (section, one)));
        let rows: Vec<Value> = all
            .map(|(section, one)| json!({"check": one.name, "guide": one.guide, "section": section.title, "says": one.says, "by": one.done_by()}))
            .collect();
        return context.printer.list(if context.printer.is_document() { GUIDE } else { GUIDE_SHORT }, &rows);
    }
    let rows: Vec<Value> = ALL.iter().map(row).collect();
    context.printer.list(if context.printer.is_document() { ALL_COLUMNS } else { SHORT }, &rows)
}

fn row(entry: &Entry) -> Value {
    let rule = entry.rule;
    let coe = match rule.coe {
        CoeKind::Any => "any",
        CoeKind::Kubernetes => "kubernetes",
        CoeKind::Swarm => "swarm",
    };
    json!({
        "id": rule.id,
        "title": entry.title(),
        "layer": rule.layer.as_str(),
        "coe": coe,
        "guide": rule.guide,
        "symptoms": rule.symptoms,
        "needs": rule.needs.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "inject": rule.inject.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "not_injected": rule.not_injected,
    })
}
