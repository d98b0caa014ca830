// SPDX-License-Identifier: Apache-2.0
//! No text makes the reader panic, and what is written by the rules is read back.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use magnum_conf::{Config, File, Setting, Sources, parse, render};
use proptest::prelude::*;
use secrecy::ExposeSecret;

fn all(text: &str) {
    let files = vec![File { name: "a".into(), text: text.into() }, File { name: "a".into(), text: text.into() }];
    let environment = vec![(text.to_owned(), text.to_owned()), ("OS_API__PORT".to_owned(), text.to_owned())];
    let command_line = vec![Setting { group: text.into(), option: text.into(), value: text.into() }];
    let config = Config::new(Sources { files, environment, command_line });
    for finding in config.check() {
        let _ = finding.to_string();
    }
    let _ = render(&config.show());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in "\\PC{0,200}") {
        all(&text);
    }

    #[test]
    fn almost_a_file(lines in proptest::collection::vec(
        prop_oneof![
            Just("[DEFAULT]"), Just("[api]"), Just("[API"), Just("[]"), Just(" more"), Just(""), Just("port = $port"), Just("port: \""),
            Just("host = ${host}$DEFAULT.host$api"), Just("state_path = $pybasedir$bindir$state_path"), Just("= x"), Just("x"),
            Just("pybasedir = $bindir"), Just("debug = \u{e9}"), Just("[quotas]\nmax_clusters_per_project = -9223372036854775809"),
            Just("roles = ,,,"), Just("\u{feff}"), Just("a = '"), Just("\r"), Just("state_path = \\$$$"),
        ],
        0..40,
    )) {
        all(&lines.join("\n"));
    }

    #[test]
    fn what_is_written_is_read(values in proptest::collection::vec(("[a-z_]{1,9}", "[a-z0-9]([ -~]{0,20}[a-z0-9])?"), 0..20)) {
        let mut text = String::from("[s]\n");
        for (key, value) in &values {
            text.push_str(&format!("{key} = {value}\n"));
        }
        let document = parse("f", &text);
        prop_assert!(document.faults.is_empty());
        let read: Vec<(String, String)> = document.assignments.iter().map(|a| (a.key.clone(), a.value.expose_secret().to_owned())).collect();
        prop_assert_eq!(read, values);
    }
}
