// SPDX-License-Identifier: Apache-2.0
//! `magnum.conf`: a file that is printed again says the same, and no finding shows a secret.

use magnum_conf::{Config, Document, File, Sources, parse, render};
use secrecy::ExposeSecret;

const SECRET: &str = "S3cret-of-the-test";

/// A file's text.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let document = parse("f", text);
    assert!(document.faults.is_sorted_by_key(|fault| fault.line), "faults are told in the order of lines");
    if document.faults.is_empty() {
        let text = printed(&document);
        let again = parse("f", &text);
        assert!(again.faults.is_empty(), "{:?} in {text:?}", again.faults);
        assert_eq!(said(&document), said(&again), "{text:?}");
    }
    if !text.contains(SECRET) {
        no_secret(text);
    }
}

type Said<'a> = (Vec<&'a str>, Vec<(&'a str, &'a str, &'a str)>);

fn said(document: &Document) -> Said<'_> {
    let assignments = document.assignments.iter().map(|a| (a.section.as_str(), a.key.as_str(), a.value.expose_secret()));
    (document.sections.iter().map(|section| section.name.as_str()).collect(), assignments.collect())
}

/// Text of the same meaning: the first line of a value in quotes, so that nothing around it is lost.
fn printed(document: &Document) -> String {
    let mut text = String::new();
    let mut assignments = document.assignments.iter().peekable();
    for (at, section) in document.sections.iter().enumerate() {
        text.push_str(&format!("[{}]\n", section.name));
        let end = document.sections.get(at + 1).map_or(usize::MAX, |next| next.line);
        while let Some(assignment) = assignments.next_if(|assignment| assignment.line < end) {
            // A key may begin as sections and comments do, when a blank that is no space stands before it.
            let mark = if assignment.key.starts_with(['[', '#', ';']) { "\u{b}" } else { "" };
            let mut lines = assignment.value.expose_secret().split('\n');
            text.push_str(&format!("{mark}{} = \"{}\"\n", assignment.key, lines.next().unwrap_or_default()));
            lines.for_each(|line| text.push_str(&format!("  {line}\n")));
        }
    }
    text
}

/// The file says everything but the password, which other values may take in.
fn no_secret(text: &str) {
    let password = format!("[keystone_authtoken]\npassword = {SECRET}\n");
    let files = [("a", text), ("b", &password)].map(|(name, text)| File { name: name.to_owned(), text: text.to_owned() });
    let config = Config::new(Sources { files: files.into(), ..Sources::default() });
    for finding in config.check() {
        assert!(!finding.to_string().contains(SECRET), "{finding}");
    }
    let shown = config.show();
    assert!(!render(&shown).contains(SECRET));
    for line in shown {
        assert!(!line.value.as_ref().is_err_and(|error| error.contains(SECRET)), "{line:?}");
    }
}
