// SPDX-License-Identifier: Apache-2.0
//! Who is calling: tokens are checked with Keystone as keystonemiddleware's `auth_token` does it.
//!
//! [`Validator::authenticate`] judges the tokens of one request and answers a [`Caller`], or a [`Refusal`] that
//! [`headers`] turns into the body and headers clients know. Checked tokens are kept for `token_cache_time`: a token that is
//! revoked, or whose user is disabled, goes on working for as long, exactly as with the Python service.

mod access;
mod cache;
pub mod headers;
mod refusal;
mod settings;
mod validator;

pub use access::{AccessFault, permitted};
pub use refusal::{Fault, Refusal};
pub use settings::Options;
pub use validator::{Caller, Request, Validator};
