// SPDX-License-Identifier: Apache-2.0
//! OpenStack, as far as Magnum speaks with it: one session, one way of making a call, one file per service.
//!
//! A [`Cloud`] is what all sessions share: where Keystone is, how each service is reached, the connections. A [`Session`] speaks
//! for somebody: for the service itself by [`Credentials`], renewed as needed, or for a caller by the caller's own token. A
//! [`Call`] is a value; [`Session::call`] finds the endpoint, sends it, repeats it where that does no harm, and answers JSON or
//! an [`Error`] that names the service and its address but never a secret.

mod call;
mod catalogue;
mod cloud;
mod credentials;
mod error;
mod login;
mod lookup;
mod reply;
mod retry;
mod services;
mod session;
mod settings;
mod token;
mod transport;

pub use call::{Answer, Call, Service};
pub use catalogue::{Catalogue, Endpoint, Interface};
pub use cloud::{Cloud, Reach};
pub use credentials::{Credentials, DomainRef, ProjectRef, Proof, ScopeRef, UserRef};
pub use error::Error;
pub use login::Issued;
pub use lookup::Lookup;
pub use reqwest::Method;
pub use services::{compute, identity, image, network};
pub use session::Session;
pub use token::{AccessRule, ApplicationCredential, Named, Owned, Role, Scope, Token, Trust};
pub use transport::{Limits, Tls, Transport};
