// SPDX-License-Identifier: Apache-2.0
//! No text makes the reader panic, and a printed rule is read back as the same rule.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use magnum_policy::{Check, Credentials, Enforcer, RuleFile, Settings, Target, parse};
use proptest::prelude::*;

fn all(text: &str) {
    let _ = parse(text);
    let files = [RuleFile { name: "f".into(), text: text.into() }, RuleFile { name: "g".into(), text: format!("x: {text}") }];
    for file in files {
        let enforcer = Enforcer::new(Settings::default(), &[file]);
        let _ = enforcer.check();
        let credentials = Credentials::default().with("project_id", "p").roles(["member"]);
        for rule in ["x", "cluster:get", text] {
            let decision = enforcer.authorise(rule, &Target::own(&credentials), &credentials);
            let node = enforcer.explain(rule, &Target::own(&credentials), &credentials);
            assert_eq!(decision.is_allowed(), node.outcome == magnum_policy::Outcome::True);
            let _ = node.to_string();
        }
    }
}

/// A rule as only the reader makes them, printed with whatever brackets.
fn rule() -> impl Strategy<Value = Check> {
    let leaf = prop_oneof![
        Just("@".to_owned()),
        Just("!".to_owned()),
        "rule:[a-z:_]{1,8}",
        "role:[a-zA-Z%]{0,3}(%%|%\\([a-z.]{1,5}\\)s){0,2}",
        "[a-z_.]{1,9}:[a-z0-9:]{0,5}(%\\([a-z_]{1,5}\\)s)?",
        "'[a-z]{0,5}':%\\([a-z]{1,5}\\)s",
        "(True|False|None|-?[1-9][0-9]{0,3}):[a-z]{1,3}",
    ];
    let leaf = leaf.prop_filter_map("a check", |text| parse(&text).ok());
    leaf.prop_recursive(6, 40, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|check| Check::Not(Box::new(check))),
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Check::And),
            proptest::collection::vec(inner, 2..4).prop_map(Check::Or),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in "\\PC{0,120}") {
        all(&text);
    }

    #[test]
    fn almost_a_rule(words in proptest::collection::vec(
        prop_oneof![
            Just("("), Just(")"), Just("not"), Just("and"), Just("or"), Just("role:member"), Just("rule:x"), Just("rule:cluster:get"),
            Just("project_id:%(project_id)s"), Just("%"), Just("'a'"), Just("'a':%(b)s)"), Just("((@"), Just("!)"), Just("\n"), Just("x:"),
        ],
        0..30,
    )) {
        all(&words.join(" "));
    }

    #[test]
    fn a_printed_rule_is_the_same_rule(check in rule()) {
        prop_assert_eq!(parse(&check.to_string()).unwrap(), check);
    }
}
