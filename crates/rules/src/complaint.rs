// SPDX-License-Identifier: Apache-2.0
//! Complaints: what a user says is wrong, in the words of the Troubleshooting Guide and of the error messages they
//! paste. One file for each under `complaints/`; rules say by its id (`S6`) which of them they can be behind.

use crate::{COMPLAINTS, Rule};

/// Something users complain of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Complaint {
    /// `S6`, as in a rule's `symptoms`.
    pub id: &'static str,
    /// Lines of the Troubleshooting Guide; empty when the guide does not know it.
    pub guide: &'static str,
    /// Literal parts of error messages and states that come with it.
    pub says: &'static [&'static str],
}

/// A complaint with its page, as the registry holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ComplaintEntry {
    pub complaint: &'static Complaint,
    /// The `//!` text of its file.
    pub page: &'static str,
    /// The word for the command line: the file's name, such as `app-not-working`.
    pub name: &'static str,
}

impl ComplaintEntry {
    /// What the user says, as one sentence.
    pub fn title(&self) -> &'static str {
        self.page.lines().next().unwrap_or_default()
    }

    /// What the guide advises.
    pub fn advice(&self) -> &'static str {
        self.page.split_once("\n\n").map_or("", |(_, rest)| rest)
    }

    /// Whether this rule's fault can be behind it.
    pub fn concerns(&self, rule: &Rule) -> bool {
        rule.symptoms.contains(&self.complaint.id)
    }

    fn number(&self) -> u32 {
        self.complaint.id.trim_start_matches('S').parse().unwrap_or(u32::MAX)
    }
}

/// Every complaint, in the guide's order.
pub fn complaints() -> Vec<&'static ComplaintEntry> {
    let mut all: Vec<_> = COMPLAINTS.iter().collect();
    all.sort_by_key(|entry| entry.number());
    all
}

/// The complaint that `text` names: by its name or id, or as the message in which the longest of all known phrases
/// stands.
pub fn complaint(text: &str) -> Option<&'static ComplaintEntry> {
    let asked = flat(text);
    let all = complaints();
    let named = |entry: &&&ComplaintEntry| entry.name == asked.replace([' ', '_'], "-") || entry.complaint.id.to_lowercase() == asked;
    if let Some(found) = all.iter().find(named) {
        return Some(found);
    }
    let longest = |entry: &ComplaintEntry| {
        let own = entry.page.lines().take(1).map(|title| flat(title.trim_end_matches('.')));
        let phrases = entry.complaint.says.iter().map(|phrase| flat(phrase)).chain(own);
        phrases.filter(|phrase| asked.contains(phrase.as_str())).map(|phrase| phrase.len()).max()
    };
    let scored = all.into_iter().filter_map(|entry| longest(entry).map(|length| (length, entry)));
    // The first of equals: the guide's own order.
    scored
        .fold(None, |best: Option<(usize, _)>, new| if best.is_some_and(|(length, _)| length >= new.0) { best } else { Some(new) })
        .map(|(_, e)| e)
}

/// What to say of a text that names no complaint: it lists the names.
pub fn no_complaint(text: &str) -> String {
    let names: Vec<_> = complaints().iter().map(|entry| entry.name).collect();
    let short: String = text.chars().take(80).collect();
    format!("{short:?} is no symptom known here, and no known error message is in it; known are {}", names.join(", "))
}

/// In small letters, on one line, with plain quotation marks.
fn flat(text: &str) -> String {
    let plain = text.to_lowercase().replace(['\u{2018}', '\u{2019}'], "'").replace(['\u{201c}', '\u{201d}'], "\"");
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ALL;

    fn name(text: &str) -> &'static str {
        complaint(text).map_or("", |entry| entry.name)
    }

    #[test]
    fn every_complaint_is_complete() {
        for entry in complaints() {
            assert!(entry.title().ends_with('.') && !entry.advice().is_empty(), "{}", entry.name);
            assert_eq!((name(entry.name), name(entry.complaint.id), name(entry.title())), (entry.name, entry.name, entry.name));
            for phrase in entry.complaint.says {
                assert_eq!(name(phrase), entry.name, "{phrase:?} is nearer to another");
            }
        }
        let known: Vec<_> = complaints().iter().map(|entry| entry.complaint.id).collect();
        for entry in ALL {
            let strange: Vec<_> = entry.rule.symptoms.iter().filter(|s| !known.contains(s)).collect();
            assert!(strange.is_empty(), "{}: {strange:?}", entry.rule.id);
        }
    }

    #[test]
    fn pasted_messages_find_their_complaint() {
        for (text, wanted) in [
            ("pending", "pending"),
            ("S6", "pending"),
            ("Slow Create", "slow-create"),
            ("0/3 nodes are available: 3 Insufficient cpu.", "pending"),
            ("The connection to the server 198.18.0.2:6443 was refused - did you specify the right host or port?", "cannot-connect"),
            ("Error from server: etcdserver: request timed out", "timed-out"),
            ("Unable to connect to the server: x509: certificate has expired or is not yet valid: current time …", "protocol-violation"),
            ("wget: can't connect to remote host (10.100.54.9): No route to host", "app-not-working"),
            ("Failed to pull image \"nginx:nope\": rpc error: code = NotFound desc = failed to pull and unpack image", "image-or-crash"),
            ("KubeletNotReady   container runtime network not ready: NetworkReady=false", "node-not-ready"),
            ("Error response from daemon: rpc error: code = Unknown desc = The swarm does not have a leader.", "cannot-deploy"),
            ("pod has unbound immediate PersistentVolumeClaims", "claim-pending"),
            ("I get a “Protocol  violation”\nerror", "protocol-violation"),
            ("Failed to create trustee or trust for Cluster: 5d12f6fd", "no-trustee"),
            ("HTTP 503: Could not determine the current leader", "marathon-cannot-deploy"),
            ("I get no containers deployed on Marathon", "marathon-cannot-deploy"),
            ("my coffee is cold", ""),
            ("", ""),
        ] {
            assert_eq!(name(text), wanted, "{text}");
        }
    }
}
