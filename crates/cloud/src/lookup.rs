// SPDX-License-Identifier: Apache-2.0
//! The answer to a look-up by id or name.

use crate::error::Error;

/// What a service knows under an id or a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<T> {
    /// Exactly one.
    Found(T),
    /// None that the caller may see.
    Missing,
    /// More than one has the name.
    Ambiguous,
    /// It is there, but not for the caller.
    Forbidden,
    /// The caller's token is not good any more.
    Unauthorised,
    /// The service that knows could not be asked; why, in words.
    Unavailable(String),
}

impl<T> Lookup<T> {
    /// A look-up's answer from a call's.
    pub(crate) fn of(answer: Result<T, Error>) -> Self {
        match answer {
            Ok(found) => Self::Found(found),
            Err(error) => Self::failed(&error),
        }
    }

    /// What a failed call says about the thing.
    pub(crate) fn failed(error: &Error) -> Self {
        match error {
            Error::NotFound { .. } => Self::Missing,
            Error::Forbidden { .. } => Self::Forbidden,
            Error::Unauthorised { .. } => Self::Unauthorised,
            other => Self::Unavailable(other.to_string()),
        }
    }

    /// Of all that fit, the only one.
    pub(crate) fn only(found: Vec<T>) -> Self {
        let mut found = found.into_iter();
        match (found.next(), found.next()) {
            (None, _) => Self::Missing,
            (Some(one), None) => Self::Found(one),
            (Some(_), Some(_)) => Self::Ambiguous,
        }
    }

    /// Another view of what was found.
    pub fn map<U>(self, view: impl FnOnce(T) -> U) -> Lookup<U> {
        match self {
            Self::Found(found) => Lookup::Found(view(found)),
            Self::Missing => Lookup::Missing,
            Self::Ambiguous => Lookup::Ambiguous,
            Self::Forbidden => Lookup::Forbidden,
            Self::Unauthorised => Lookup::Unauthorised,
            Self::Unavailable(why) => Lookup::Unavailable(why),
        }
    }
}
