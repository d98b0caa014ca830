// SPDX-License-Identifier: Apache-2.0
//! A cluster's certificates: authorities, keys, requests, signing, reading.
//!
//! Pure: no file, no network, no clock; the caller passes `now`. What must stay true: a request is signed only
//! after its own signature was verified, no signed certificate is ever a CA unless the policy says so, private
//! keys are never printed by `Debug`, and foreign text never makes this crate panic.

mod authority;
mod certificate;
mod error;
mod extensions;
mod key;
mod name;
mod pem;
mod policy;
mod public_key;
mod request;

pub use authority::{Authority, Eku};
pub use certificate::Certificate;
pub use error::Error;
pub use key::{KeyKind, PrivateKey, generate_key, generate_service_account_key};
pub use name::{San, Subject};
pub use policy::{ExtensionName, Policy, UnknownName};
pub use public_key::{KeyType, PublicKey};
pub use request::{Csr, RequestedExtension, certificate_request};
