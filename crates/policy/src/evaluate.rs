// SPDX-License-Identifier: Apache-2.0
//! Whether a rule holds, and why.
//!
//! Beside true and false there is "broken": a part that cannot be understood, or does not exist, or leads back to itself. It is
//! not false, since `not` would make it true; what depends on it is broken too, and broken is refused.

use crate::ast::{Check, Left};
use crate::credentials::{Credentials, Target};
use crate::enforcer::Enforcer;
use crate::python;
use crate::template::Template;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The deepest way through rules and their parts.
const DEEPEST: usize = 300;

/// What a part of a rule comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// It cannot be said.
    Broken,
}

/// A part of a rule with its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its text.
    pub check: String,
    /// What it comes to.
    pub outcome: Outcome,
    /// The values that were compared, or what is broken; empty where the parts tell it.
    pub why: String,
    /// The parts it consists of, all of them, also those that did not matter.
    pub parts: Vec<Node>,
}

/// One question on its way through the rules.
pub(crate) struct Walk<'a> {
    pub enforcer: &'a Enforcer,
    pub credentials: &'a Credentials,
    pub target: &'a Target,
    /// Whether texts are wanted.
    pub explain: bool,
    trail: Vec<&'a str>,
    known: BTreeMap<&'a str, Outcome>,
    depth: usize,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(enforcer: &'a Enforcer, credentials: &'a Credentials, target: &'a Target, explain: bool) -> Self {
        Self { enforcer, credentials, target, explain, trail: Vec::new(), known: BTreeMap::new(), depth: 0 }
    }

    /// The rule of this name.
    pub(crate) fn rule(&mut self, name: &'a str) -> Node {
        let label = || format!("rule:{name}");
        if let Some(outcome) = self.known.get(name).copied() {
            return self.leaf(label, outcome, || "as above".to_owned());
        }
        let Some((actual, entry)) = self.enforcer.lookup(name) else {
            return self.leaf(label, Outcome::Broken, || format!("there is no rule {name}"));
        };
        let check = match &entry.check {
            Ok(check) => check,
            Err(error) => return self.leaf(label, Outcome::Broken, || format!("{}: {error}", entry.origin)),
        };
        if let Some(start) = self.trail.iter().position(|n| *n == actual) {
            let way: Vec<&str> = self.trail[start..].iter().copied().chain([actual]).collect();
            return self.leaf(label, Outcome::Broken, || format!("it leads back to itself: {}", way.join(" -> ")));
        }
        self.trail.push(actual);
        let part = self.check(check);
        self.trail.pop();
        let outcome = part.outcome;
        // Within a loop another way round might have come to more than "broken"; to say no there is safe.
        self.known.insert(name, outcome);
        let why = if actual == name { String::new() } else { format!("there is no such rule, so {actual} decides") };
        Node { check: if self.explain { label() } else { String::new() }, outcome, why, parts: self.kept(vec![part]) }
    }

    fn check(&mut self, check: &'a Check) -> Node {
        if self.depth >= DEEPEST {
            return self.leaf(|| check.to_string(), Outcome::Broken, || format!("more than {DEEPEST} parts deep"));
        }
        self.depth += 1;
        let node = self.deeper(check);
        self.depth -= 1;
        node
    }

    fn deeper(&mut self, check: &'a Check) -> Node {
        let text = || check.to_string();
        match check {
            Check::Always => self.leaf(text, Outcome::True, || "everybody".to_owned()),
            Check::Never => self.leaf(text, Outcome::False, || "nobody".to_owned()),
            Check::Rule(name) => self.rule(name),
            Check::Role(wanted) => self.role(check, wanted),
            Check::Equal(left, right) => self.equal(check, left, right),
            Check::Not(inner) => {
                let part = self.check(inner);
                let outcome = match part.outcome {
                    Outcome::True => Outcome::False,
                    Outcome::False => Outcome::True,
                    Outcome::Broken => Outcome::Broken,
                };
                self.branch("not", outcome, vec![part])
            }
            Check::And(parts) => self.joined("all of", parts, Outcome::False, Outcome::True),
            Check::Or(parts) => self.joined("any of", parts, Outcome::True, Outcome::False),
        }
    }

    /// `deciding` settles it at once; without it, anything broken does; else it is `otherwise`.
    fn joined(&mut self, label: &str, parts: &'a [Check], deciding: Outcome, otherwise: Outcome) -> Node {
        let mut nodes = Vec::new();
        let mut outcome = otherwise;
        for part in parts {
            let node = self.check(part);
            if node.outcome == deciding {
                outcome = deciding;
            } else if node.outcome == Outcome::Broken && outcome != deciding {
                outcome = Outcome::Broken;
            }
            nodes.push(node);
            if outcome == deciding && !self.explain {
                break;
            }
        }
        self.branch(label, outcome, nodes)
    }

    fn role(&self, check: &Check, wanted: &Template) -> Node {
        let text = || check.to_string();
        let wanted = match wanted.fill(&self.target.0) {
            Ok(wanted) => wanted,
            Err(key) => return self.leaf(text, Outcome::False, || format!("the target has no {key}")),
        };
        let roles = self.credentials.role_names();
        let held = roles.iter().any(|role| role.to_lowercase() == wanted.to_lowercase());
        let why = || if roles.is_empty() { "there are no roles".to_owned() } else { format!("the roles are {}", roles.join(", ")) };
        self.leaf(text, truth(held), why)
    }

    fn equal(&self, check: &Check, left: &Left, right: &Template) -> Node {
        let text = || check.to_string();
        let wanted = match right.fill(&self.target.0) {
            Ok(wanted) => wanted,
            Err(key) => return self.leaf(text, Outcome::False, || format!("the target has no {key}")),
        };
        let from = || if right.keys().next().is_some() { format!("the target's is {wanted}") } else { format!("{wanted} is wanted") };
        match left {
            Left::Literal(source) => {
                let value = python::literal(source).ok().flatten().unwrap_or_default();
                self.leaf(text, truth(value == wanted), from)
            }
            Left::Path(path) => {
                let held = held(&self.credentials.0, path);
                let why = || match &held[..] {
                    [] => format!("the caller has no {path}; {}", from()),
                    values => format!("the caller's {path} is {}; {}", values.join(", "), from()),
                };
                self.leaf(text, truth(held.contains(&wanted)), why)
            }
        }
    }

    fn leaf(&self, check: impl FnOnce() -> String, outcome: Outcome, why: impl FnOnce() -> String) -> Node {
        let (check, why) = if self.explain { (check(), why()) } else { (String::new(), String::new()) };
        Node { check, outcome, why, parts: Vec::new() }
    }

    fn branch(&self, label: &str, outcome: Outcome, parts: Vec<Node>) -> Node {
        let check = if self.explain { label.to_owned() } else { String::new() };
        Node { check, outcome, why: String::new(), parts: self.kept(parts) }
    }

    fn kept(&self, parts: Vec<Node>) -> Vec<Node> {
        if self.explain { parts } else { Vec::new() }
    }
}

fn truth(held: bool) -> Outcome {
    if held { Outcome::True } else { Outcome::False }
}

/// The texts of the values at a dotted path; lists on the way mean each of their members. Null is no value: a caller without a
/// project does not own what belongs to no project.
fn held(credentials: &Map<String, Value>, path: &str) -> Vec<String> {
    let mut keys = path.split('.');
    let mut values: Vec<&Value> = keys.next().and_then(|key| credentials.get(key)).into_iter().flat_map(members).collect();
    for key in keys {
        values = values.into_iter().filter_map(|value| value.get(key)).flat_map(members).collect();
    }
    values.into_iter().filter(|v| !v.is_null()).map(python::text).collect()
}

fn members(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |list| list.iter().collect())
}
