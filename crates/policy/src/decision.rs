// SPDX-License-Identifier: Apache-2.0
//! The answer to "may the caller do this?".

use crate::evaluate::{Node, Outcome};
use std::fmt;

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Allowed,
    /// No, and why.
    Denied(Denial),
}

impl Decision {
    /// Whether it is yes.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed)
    }
}

/// A refusal. Its text is for operators; callers are told `public`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{rule} is refused: {cause}")]
pub struct Denial {
    /// The rule that was asked.
    pub rule: String,
    /// Why.
    pub cause: Cause,
}

impl Denial {
    /// What Magnum tells the caller.
    pub fn public(&self) -> String {
        format!("Policy doesn't allow {} to be performed.", self.rule)
    }
}

/// Why something is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A policy file cannot be read, so what it forbids is not known: its name and what is wrong.
    Unreadable(String),
    /// There is no such rule, and no rule for such cases; the nearest name.
    NoRule(Option<String>),
    /// The token is of another scope than the rule wants.
    Scope {
        /// The token's.
        has: &'static str,
        /// The rule's, with commas.
        wants: String,
    },
    /// The rule, or a part it depends on, is broken: what is wrong.
    Broken(String),
    /// It does not hold: the parts that do not, with the values compared.
    False(String),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(what) => write!(f, "the policy cannot be read: {what}"),
            Self::NoRule(Some(near)) => write!(f, "there is no such rule; did you mean {near}?"),
            Self::NoRule(None) => f.write_str("there is no such rule"),
            Self::Scope { has, wants } => write!(f, "the token's scope is {has}, and the rule wants {wants}"),
            Self::Broken(what) => write!(f, "the rule is broken: {what}"),
            Self::False(what) => f.write_str(what),
        }
    }
}

/// The cause told by a rule's parts.
pub(crate) fn cause(node: &Node) -> Cause {
    let mut told = Vec::new();
    gather(node, node.outcome, &mut told);
    if told.is_empty() {
        told.push(format!("{} does not hold", node.check));
    }
    match node.outcome {
        Outcome::Broken => Cause::Broken(told.join("; ")),
        Outcome::False | Outcome::True => Cause::False(told.join("; ")),
    }
}

/// The leaves that are to blame for an outcome. A `not` is blamed as a whole.
fn gather(node: &Node, wanted: Outcome, told: &mut Vec<String>) {
    if node.outcome != wanted {
        return;
    }
    let inner = |part: &Node| if part.check.is_empty() { String::new() } else { format!("{} ({})", part.check, part.why) };
    match (&node.parts[..], node.check.as_str()) {
        ([], _) if node.why == "as above" => {}
        ([], _) => push(told, inner(node)),
        ([part], "not") if wanted != Outcome::Broken => push(told, format!("not {}", inner(last(part)))),
        (parts, _) => parts.iter().for_each(|part| gather(part, wanted, told)),
    }
}

/// Down to the part that says something.
fn last(node: &Node) -> &Node {
    match &node.parts[..] {
        [only] if node.why.is_empty() => last(only),
        _ => node,
    }
}

fn push(told: &mut Vec<String>, text: String) {
    if !told.contains(&text) {
        told.push(text);
    }
}

/// A tree for people: one part a line, indented, with `+` where it holds, `-` where it does not, `!` where it is broken.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn line(node: &Node, depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let mark = match node.outcome {
                Outcome::True => '+',
                Outcome::False => '-',
                Outcome::Broken => '!',
            };
            write!(f, "{:indent$}{mark} {}", "", node.check, indent = depth * 2)?;
            if node.why.is_empty() { writeln!(f) } else { writeln!(f, " ({})", node.why) }?;
            node.parts.iter().try_for_each(|part| line(part, depth + 1, f))
        }
        line(self, 0, f)
    }
}
