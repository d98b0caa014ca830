// SPDX-License-Identifier: Apache-2.0
//! Why an option has no usable value.

use crate::source::Origin;

/// Why an option has no usable value. Every text names the option and the remedy, and none shows a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The program asks for an option that is not in the registry.
    #[error("there is no option [{group}] {option}")]
    Unknown {
        /// As asked.
        group: String,
        /// As asked.
        option: String,
    },
    /// The text is not of the option's type.
    #[error("{origin}: [{group}] {option} = {value}: {remedy}")]
    Wrong {
        /// Where the text stands.
        origin: Origin,
        /// The option's group.
        group: &'static str,
        /// The option's name.
        option: &'static str,
        /// The text, masked when it is secret.
        value: String,
        /// What would be right.
        remedy: String,
    },
    /// A `$name` that no option has.
    #[error("{origin}: [{group}] {option} refers to ${reference}, which is no option; {remedy}")]
    Reference {
        /// Where the text stands.
        origin: Origin,
        /// The option's group.
        group: &'static str,
        /// The option's name.
        option: &'static str,
        /// What it refers to; hidden for a secret, of which it is a part.
        reference: String,
        /// What would be right.
        remedy: String,
    },
    /// Options that need each other's values.
    #[error("{origin}: [{group}] {option} needs its own value: {trail}; write one of them without $")]
    Loop {
        /// Where the first of them stands.
        origin: Origin,
        /// The option's group.
        group: &'static str,
        /// The option's name.
        option: &'static str,
        /// The way round, with arrows.
        trail: String,
    },
    /// A value that grows beyond all measure through its `$name`s.
    #[error("{origin}: [{group}] {option} is longer than {limit} bytes after its $names are filled in; write it shorter")]
    TooLong {
        /// Where the text stands.
        origin: Origin,
        /// The option's group.
        group: &'static str,
        /// The option's name.
        option: &'static str,
        /// The limit.
        limit: usize,
    },
    /// Nobody set what must be set.
    #[error("[{group}] {option} is not set, and there is no default; {help}")]
    Required {
        /// The option's group.
        group: &'static str,
        /// The option's name.
        option: &'static str,
        /// What it is for.
        help: &'static str,
    },
    /// The program asks for another type than the registry has.
    #[error("[{group}] {option} is not {wanted}")]
    Type {
        /// The option's group.
        group: String,
        /// The option's name.
        option: String,
        /// What was asked for.
        wanted: &'static str,
    },
}

impl Error {
    /// Where the text at fault stands, if it stands anywhere.
    pub fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Wrong { origin, .. } | Self::Reference { origin, .. } | Self::Loop { origin, .. } | Self::TooLong { origin, .. } => {
                Some(origin)
            }
            Self::Unknown { .. } | Self::Required { .. } | Self::Type { .. } => None,
        }
    }
}
