// SPDX-License-Identifier: Apache-2.0
//! The API as its callers meet it: through its router, over a real store.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod additions;
mod authorisation;
mod bad_input;
mod changes;
mod coverage;
mod diagnoses;
mod document;
mod fake;
mod node;
mod progress;
mod replay;
mod traces;
mod wishes;
