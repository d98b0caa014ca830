// SPDX-License-Identifier: Apache-2.0
//! A node's report: what is accepted is in the form that the database and consoles are promised, and is accepted again.

use magnum_api::fuzzing::report;

/// A request's body.
pub fn check(data: &[u8]) {
    let read = match report(data) {
        Ok(read) => read,
        Err(status) => return assert_eq!(status, 400),
    };
    for event in &read.events {
        assert!(event.seq > 0 && !event.step.is_empty() && event.step.is_ascii(), "{event:?}");
        assert!(!event.detail.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{event:?}");
        assert!(!event.to_string().contains(['\n', '\r']), "a console line is one line: {event:?}");
    }
    for (name, version) in &read.versions {
        assert!(!name.chars().chain(version.chars()).any(char::is_control), "{name:?} {version:?}");
    }
    let again = serde_json::to_vec(&read).unwrap_or_default();
    assert_eq!(report(&again).as_ref(), Ok(&read));
}
