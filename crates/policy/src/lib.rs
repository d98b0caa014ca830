// SPDX-License-Identifier: Apache-2.0
//! Who may do what: the oslo.policy language, Magnum's rules, and why something is refused.
//!
//! Pure: the caller reads the files. The rules stand in `rules/`, one file per resource. The language is oslo's, and what it says
//! is decided as oslo decides it, but for three cases in which oslo might allow what nobody meant to allow:
//! - a rule with a part that cannot be understood, that does not exist or that leads back to itself is refused as a whole where
//!   it depends on that part, also below a `not`;
//! - a null of the caller's equals nothing, not even a null of the target's;
//! - an empty value in a file (`"cluster:get":`) is an error, and only `""`, `[]` and `@` mean everybody.
//!
//! Checks of other servers (`http:`, `https:`) are not supported, and count as not understood.

mod ast;
mod check;
mod credentials;
mod decision;
mod definition;
mod enforcer;
mod evaluate;
mod file;
mod nearest;
mod parse;
mod python;
mod sample;
mod template;

pub use ast::{Check, Left};
pub use check::{Finding, Severity};
pub use credentials::{Credentials, Scope, Target};
pub use decision::{Cause, Decision, Denial};
pub use definition::DefaultRule;
pub use enforcer::{Enforcer, Listed, Origin, Settings};
pub use evaluate::{Node, Outcome};
pub use file::RuleFile;
pub use parse::{ParseError, parse, parse_value};
pub use sample::sample;
pub use template::Template;

include!(concat!(env!("OUT_DIR"), "/registry.rs"));

/// Every built-in rule.
pub fn defaults() -> impl Iterator<Item = &'static DefaultRule> {
    ALL.iter().copied().flatten()
}

#[cfg(test)]
mod tests;
