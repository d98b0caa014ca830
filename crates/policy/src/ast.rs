// SPDX-License-Identifier: Apache-2.0
//! A rule, taken apart; printing one gives text of the same meaning. Only a check that no text can hold, out of the old lists, is
//! printed in quotes, so that nobody takes it for several.

use crate::template::Template;
use serde_json::Value;
use std::fmt;

/// A rule or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// `@`, or nothing at all: everybody.
    Always,
    /// `!`: nobody.
    Never,
    /// `rule:name`: what that rule says.
    Rule(String),
    /// `role:name`: whoever has this role, in whatever case.
    Role(Template),
    /// `left:right`: whoever's value, or a literal, has this text.
    Equal(Left, Template),
    /// `not …`.
    Not(Box<Check>),
    /// `… and …`, of two or more.
    And(Vec<Check>),
    /// `… or …`, of two or more.
    Or(Vec<Check>),
}

/// The left-hand side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// As written, quotes included.
    Literal(String),
    /// A value of the credentials; dots lead into nested ones.
    Path(String),
}

impl Check {
    /// The rules it refers to, each as often as it does.
    pub fn references(&self) -> Vec<&str> {
        match self {
            Self::Rule(name) => vec![name],
            Self::Not(inner) => inner.references(),
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::references).collect(),
            Self::Always | Self::Never | Self::Role(_) | Self::Equal(..) => Vec::new(),
        }
    }

    fn within(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(_) | Self::Or(_) => write!(f, "({self})"),
            simple => write!(f, "{simple}"),
        }
    }
}

/// One check. In a text, blanks and brackets would end it.
fn atom(f: &mut fmt::Formatter<'_>, text: String) -> fmt::Result {
    if text.contains(char::is_whitespace) || text.starts_with('(') || text.ends_with(')') {
        return write!(f, "{}", Value::String(text));
    }
    f.write_str(&text)
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut fmt::Formatter<'_>, parts: &[Self], word: &str| {
            parts.iter().enumerate().try_for_each(|(index, part)| {
                if index > 0 {
                    write!(f, " {word} ")?;
                }
                part.within(f)
            })
        };
        match self {
            Self::Always => f.write_str("@"),
            Self::Never => f.write_str("!"),
            Self::Rule(name) => atom(f, format!("rule:{name}")),
            Self::Role(name) => atom(f, format!("role:{name}")),
            Self::Equal(Left::Literal(left) | Left::Path(left), right) => atom(f, format!("{left}:{right}")),
            Self::Not(inner) => {
                f.write_str("not ")?;
                inner.within(f)
            }
            Self::And(parts) => joined(f, parts, "and"),
            Self::Or(parts) => joined(f, parts, "or"),
        }
    }
}
