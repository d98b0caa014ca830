// SPDX-License-Identifier: Apache-2.0
//! What operations take and give, as values: requests are checked against it, and the OpenAPI document is made from it.

use crate::patch::Rules;
use crate::typed::Field;
use magnum_types::Microversion;

/// A query argument.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Argument {
    pub name: &'static str,
    pub kind: ArgumentKind,
    pub about: &'static str,
    /// The oldest microversion that has it.
    pub since: Microversion,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArgumentKind {
    Text,
    Int,
    Bool,
    Uuid,
    /// One of these words.
    Word(&'static [&'static str]),
}

impl Argument {
    pub const fn new(name: &'static str, kind: ArgumentKind, about: &'static str) -> Self {
        Self { name, kind, about, since: Microversion::MIN }
    }

    pub const fn since(mut self, minor: u16) -> Self {
        self.since = Microversion::v1(minor);
        self
    }
}

/// Arguments of lists.
pub(crate) const LIMIT: Argument = Argument::new("limit", ArgumentKind::Int, "The most entries of the page.");
pub(crate) const MARKER: Argument = Argument::new("marker", ArgumentKind::Uuid, "The last entry of the page before.");
pub(crate) const SORT_KEY: Argument = Argument::new("sort_key", ArgumentKind::Text, "The column that the list is sorted by.");
pub(crate) const SORT_DIR: Argument = Argument::new("sort_dir", ArgumentKind::Word(&["asc", "desc"]), "The direction of the sorting.");
/// What every list of Magnum takes.
pub(crate) const PAGE: &[Argument] = &[LIMIT, MARKER, SORT_KEY, SORT_DIR];
/// Of changes that can be taken back.
pub(crate) const ROLLBACK: Argument = Argument::new("rollback", ArgumentKind::Bool, "Whether a change that fails is taken back.").since(3);

/// A request's body.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Takes {
    Nothing,
    Object(&'static [Field]),
    /// Magnum's dialect of JSON patch, for what these rules let be changed.
    Patch(&'static Rules),
}

/// A successful answer's body.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Gives {
    /// None, or one that is described elsewhere.
    Nothing,
    /// `{"uuid": …}`.
    Uuid,
    /// An object with some of these fields; its name in the document.
    Object(&'static str, &'static [Field]),
    /// A page of such objects under a key.
    List(&'static str, &'static str, &'static [Field]),
    /// An object that is described in words.
    Free(&'static str),
    /// Bytes of this media type.
    Bytes(&'static str),
    /// A word, or an object with these fields for callers that accept JSON.
    Word(&'static [Field]),
}
