// SPDX-License-Identifier: Apache-2.0
//! What `check` has to say.

use crate::source::Origin;
use std::fmt;

/// One thing to know about the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Where it stands; nothing for an option that is not set.
    pub origin: Option<Origin>,
    /// The option as (group, name), when it is about one.
    pub option: Option<(String, String)>,
    /// The text as written, when it may be shown and matters.
    pub value: Option<String>,
    /// What is the matter.
    pub matter: String,
    /// What to do.
    pub remedy: String,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The program does not start.
    Error,
    /// It starts, but somebody expected something else.
    Warning,
    /// Good to know.
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

/// `magnum.conf:4: error: [api] port = seventy: not a port number; write …`
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = &self.origin {
            write!(f, "{origin}: ")?;
        }
        write!(f, "{}: ", self.severity)?;
        if let Some((group, option)) = &self.option {
            write!(f, "[{group}]")?;
            if !option.is_empty() {
                write!(f, " {option}")?;
            }
            if let Some(value) = &self.value {
                write!(f, " = {value}")?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.matter)?;
        if self.remedy.is_empty() { Ok(()) } else { write!(f, "; {}", self.remedy) }
    }
}
