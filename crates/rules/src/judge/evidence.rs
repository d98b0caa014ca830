// SPDX-License-Identifier: Apache-2.0
//! Numbers the evidence in the order in which it is first quoted, so that `E3` means the same in text and JSON.

use crate::report::Evidence;
use magnum_facts::Citation;
use std::collections::BTreeMap;

/// All quotations of one report.
#[derive(Debug, Default)]
pub(crate) struct Book {
    quoted: Vec<Citation>,
}

impl Book {
    /// The keys of these quotations; a quotation made twice keeps its key.
    pub(crate) fn cite(&mut self, citations: &[Citation]) -> Vec<String> {
        citations.iter().map(|c| self.key(c)).collect()
    }

    fn key(&mut self, citation: &Citation) -> String {
        let known = self
            .quoted
            .iter()
            .position(|q| q.source.id == citation.source.id && q.pointer == citation.pointer && q.quote == citation.quote);
        let index = known.unwrap_or_else(|| {
            self.quoted.push(citation.clone());
            self.quoted.len() - 1
        });
        format!("E{}", index + 1)
    }

    pub(crate) fn into_map(self) -> BTreeMap<String, Evidence> {
        let entry = |(index, c): (usize, Citation)| {
            let evidence = Evidence {
                source: c.source.id,
                what: c.source.what,
                vantage: c.source.vantage.as_str().to_owned(),
                at: c.source.at,
                path: c.pointer,
                value: c.quote,
            };
            (format!("E{}", index + 1), evidence)
        };
        self.quoted.into_iter().enumerate().map(entry).collect()
    }
}
