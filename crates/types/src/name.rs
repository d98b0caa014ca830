// SPDX-License-Identifier: Apache-2.0
//! A cluster's name.

use crate::FieldError;
use serde::{Deserialize, Serialize};
use std::fmt;

/// 1 to 242 characters of `^[a-zA-Z][a-zA-Z0-9_.-]*$` (`reference: magnum-api.md 2.7`); not unique.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClusterName(String);

impl ClusterName {
    /// The pattern, as Magnum prints it in its error.
    pub const PATTERN: &'static str = "^[a-zA-Z][a-zA-Z0-9_.-]*$";
    /// The most characters a name may have.
    pub const MAX: usize = 242;

    /// Checks `text`; the error names the field `name`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let mut chars = text.chars();
        let first = chars.next().is_some_and(|c| c.is_ascii_alphabetic());
        let rest = chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
        if !(first && rest) {
            return Err(FieldError::new("name", text, format!("should match the pattern {}", Self::PATTERN)));
        }
        if text.len() > Self::MAX {
            return Err(FieldError::new("name", text, format!("is longer than {} characters", Self::MAX)));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClusterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_wire_pattern_is_a_name() {
        for good in ["c1", "A", "web.prod_2-x", &"a".repeat(242)] {
            assert!(ClusterName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "1c", "-c", "c c", "c;rm", "c$(x)", "c\n", "ü", &"a".repeat(243)] {
            assert_eq!(ClusterName::parse(bad).unwrap_err().field, "name", "{bad:?}");
        }
    }
}
