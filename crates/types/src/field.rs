// SPDX-License-Identifier: Apache-2.0
//! The one error for input that does not fit: it names the field, the value and the remedy.

/// A value that a field cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {value:?} {problem}")]
pub struct FieldError {
    /// The field as the caller wrote it, e.g. `name` or `labels/kube_tag`.
    pub field: String,
    /// What was given, cut to a readable length.
    pub value: String,
    /// What is wrong and what would be right.
    pub problem: String,
}

impl FieldError {
    /// Builds the error; a value longer than 120 characters is cut.
    pub fn new(field: impl Into<String>, value: impl AsRef<str>, problem: impl Into<String>) -> Self {
        let value = value.as_ref();
        let mut short: String = value.chars().take(120).collect();
        if short.len() < value.len() {
            short.push('…');
        }
        Self { field: field.into(), value: short, problem: problem.into() }
    }
}
