// SPDX-License-Identifier: Apache-2.0
//! `explain ID`: a fault's page, with what its rule reads and where it stands among the others.

use crate::{ALL, Entry, Rule};
use std::fmt::Write as _;

/// The page of a fault, as Markdown; None when no rule has this id.
pub fn explain(id: &str) -> Option<String> {
    let entry = crate::find(id)?;
    let rule = entry.rule;
    let mut out = format!("# {id}\n\n{}\n\n## How it is found\n\n", entry.page.trim_end());
    let mut row = |name: &str, text: String| {
        if !text.is_empty() {
            let _ = writeln!(out, "- {name}: {text}");
        }
    };
    row("layer", rule.layer.as_str().to_owned());
    row("looks at", rule.needs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    row("symptoms", rule.symptoms.join(", "));
    row("Troubleshooting Guide", rule.guide.to_owned());
    row("what follows from it", ids(|other| rule.explains.iter().any(|p| Rule::names(p, other))));
    row("told instead of it", ids(|other| rule.not_if.iter().any(|p| Rule::names(p, other))));
    Some(out)
}

/// Known faults that are closest in spelling, for an id that does not exist.
pub fn similar(id: &str) -> Vec<&'static str> {
    let word = id.to_lowercase();
    let parts: Vec<&str> = word.split('-').filter(|p| p.len() > 1).collect();
    let score = |e: &Entry| parts.iter().filter(|p| e.rule.id.contains(**p)).count();
    let mut all: Vec<(usize, &'static str)> = ALL.iter().map(|e| (score(e), e.rule.id)).filter(|(n, _)| *n > 0).collect();
    all.sort_by(|a, b| b.cmp(a));
    all.into_iter().take(3).map(|(_, id)| id).collect()
}

fn ids(names: impl Fn(&str) -> bool) -> String {
    ALL.iter().map(|e| e.rule.id).filter(|id| names(id)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_explains_itself() {
        for entry in ALL {
            let page = explain(entry.rule.id).unwrap();
            assert!(page.contains("## What to do") && page.contains("## How it is found\n\n- layer: "), "{page}");
        }
        assert_eq!(explain("no-such"), None);
        assert!(similar("kubelet-down").contains(&"kn-kubelet-down"));
    }
}
