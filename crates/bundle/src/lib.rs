// SPDX-License-Identifier: Apache-2.0
//! A diagnosis in one file: the facts, the report, what happened before, and the ends of the consoles, so that somebody
//! else can judge it again without the cluster. Nothing secret leaves in it; names and addresses can be replaced, too.
//!
//! What must stay true: the report in a bundle is the judgement of the facts in the same bundle, so both tell the same;
//! and a value that looks secret is removed wherever it stands, because nobody can list all places.

mod bundle;
mod error;
mod names;
mod pack;
mod secret;
mod text;
mod walk;

pub use bundle::{Bundle, Inputs, Manifest};
pub use error::Error;

#[cfg(test)]
mod tests;
