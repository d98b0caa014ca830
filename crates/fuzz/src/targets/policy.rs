// SPDX-License-Identifier: Apache-2.0
//! Policy rules and files: a printed rule is the same rule and decides the same, `not` is the opposite, a file of JSON says what
//! JSON says, and a file that cannot be read refuses everything.

use magnum_policy::{Check, Credentials, Enforcer, Outcome, RuleFile, Settings, Severity, Target, parse, parse_value};
use serde_json::{Map, Value, json};

/// Names that a rule of the input would have to guess.
const SAME: &str = "fuzz:same";
const AGAIN: &str = "fuzz:again";
const OPPOSITE: &str = "fuzz:opposite";

/// A rule's text, or a file's.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(check) = parse(text) {
        rule(text, &check);
    }
    file(text);
}

fn rule(text: &str, check: &Check) {
    let printed = check.to_string();
    assert_eq!(parse(&printed).as_ref(), Ok(check), "{printed:?}");
    let opposite = format!("not ({check})");
    // One level more may be too many.
    if check.references().iter().any(|name| name.starts_with("fuzz:")) || parse(&opposite).is_err() {
        return;
    }
    let rules = json!({SAME: text, AGAIN: printed, OPPOSITE: opposite});
    let enforcer = enforcer(&rules.to_string());
    for (credentials, target) in callers() {
        let outcome = |rule: &str| decided(&enforcer, rule, &credentials, &target);
        let expected = match outcome(SAME) {
            Outcome::True => Outcome::False,
            Outcome::False => Outcome::True,
            Outcome::Broken => Outcome::Broken,
        };
        assert_eq!((outcome(AGAIN), outcome(OPPOSITE)), (outcome(SAME), expected), "{text:?} {credentials:?}");
    }
}

fn file(text: &str) {
    let enforcer = enforcer(text);
    let findings = enforcer.check();
    let refused = findings.iter().any(|finding| finding.severity == Severity::Error && finding.rule.is_none());
    let (credentials, target) = administrator();
    let listed = enforcer.list();
    for rule in listed.iter().filter(|rule| rule.about.is_empty()).take(20) {
        let outcome = decided(&enforcer, &rule.name, &credentials, &target);
        assert!(!refused || outcome != Outcome::True, "{} is allowed though the file cannot be read", rule.name);
    }
    if let Ok(rules) = serde_json::from_str::<Map<String, Value>>(text) {
        assert!(!refused, "{findings:?}");
        for (name, value) in rules {
            let read = parse_value(&value);
            if let Ok(check) = &read {
                // What is shown is either no text of the language at all or the rule that is meant.
                let again = parse(&check.to_string());
                assert!(again.is_err() || again.as_ref() == Ok(check), "{name} is shown as {check}");
            }
            let read = read.map(|check| check.to_string()).map_err(|error| error.to_string());
            let found = listed.iter().find(|rule| rule.name == name).map(|rule| &rule.check);
            assert_eq!(found, Some(&read), "{name:?}");
        }
    }
}

fn enforcer(text: &str) -> Enforcer {
    Enforcer::new(Settings::default(), &[RuleFile { name: "f".to_owned(), text: text.to_owned() }])
}

/// What a rule comes to; the answer and its explanation agree.
fn decided(enforcer: &Enforcer, rule: &str, credentials: &Credentials, target: &Target) -> Outcome {
    let explained = enforcer.explain(rule, target, credentials);
    let allowed = enforcer.authorise(rule, target, credentials).is_allowed();
    assert_eq!(allowed, explained.outcome == Outcome::True, "{rule}: {explained}");
    explained.outcome
}

fn administrator() -> (Credentials, Target) {
    let credentials = Credentials::default().with("project_id", "p").with("user_id", "u").roles(["admin", "member", "reader"]);
    let target = Target::own(&credentials);
    (credentials, target)
}

fn callers() -> [(Credentials, Target); 3] {
    let nested = json!({"domain": {"id": "d"}, "list": [1, "a", true, null], "none": null});
    let odd = Credentials::default().with("user", nested).with("a", "b").with("system_scope", "all").roles(["a", "ADMIN"]);
    let target = Target::default().with("a", "b").with("project_id", Value::Null).with("n", 1).with("t", true);
    [administrator(), (odd, target), (Credentials::default(), Target::default())]
}
