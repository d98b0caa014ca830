// SPDX-License-Identifier: Apache-2.0
//! Decisions recorded from oslo.policy 6.0.1 over made-up rules, replayed. "broken" is what oslo logged as not understood, or
//! stumbled over; it may still have allowed something, which this crate never does.

#![allow(clippy::unwrap_used, reason = "tests")]

use magnum_policy::{Cause, Credentials, Decision, Denial, Enforcer, RuleFile, Settings, Target};
use serde_json::{Value, json};

#[test]
fn decisions_are_those_of_oslo() {
    let mut wrong = Vec::new();
    for line in include_str!("oslo.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let nested = json!({"y": 1, "l": [{"n": 1}, {"n": 2}]});
        let roles = case["roles"].as_array().unwrap().iter().map(|role| role.as_str().unwrap());
        let caller = Credentials::default().with("user_id", "u1").with("project_id", case["project"].clone()).with("x", nested);
        let caller = caller.with("is_admin", case["admin"].clone()).with("num", 3).with("k", "100%").with("token", "a:b").roles(roles);
        let target = Target::default().with("project_id", "p1").with("user_id", case["owner"].clone()).with("state", "up");
        let target =
            target.with("flag", true).with("nil", json!(null)).with("num", 3).with("want", "reader").with("neg", -3).with("zero", 0);
        let file = RuleFile { name: "policy.json".into(), text: case["rules"].to_string() };
        let enforcer = Enforcer::new(Settings::default(), &[file]);
        let answer = match enforcer.authorise(case["ask"].as_str().unwrap(), &target, &caller) {
            Decision::Allowed => "yes",
            Decision::Denied(Denial { cause: Cause::False(_), .. }) => "no",
            Decision::Denied(Denial { cause: Cause::NoRule(_), .. }) => "no rule",
            Decision::Denied(_) => "broken",
        };
        if answer != case["answer"] {
            wrong.push(format!("{answer}: {line}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
