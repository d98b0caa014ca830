// SPDX-License-Identifier: Apache-2.0
//! What `crates/fuzz` calls of this crate's inside; no part of its interface. A refusal is its status.

use crate::certificate::Ca;
use crate::failure::Failure;
use crate::front::Front;
use crate::input::Input;
use crate::node_api::{Seat, read_report, usages};
use crate::operations::ROUTES;
use crate::patch::{self, Rules};
use crate::shape::Takes;
use crate::typed::{Field, Kind};
use crate::version;
use axum::http::HeaderMap;
use magnum_pki::{Csr, Eku};
use magnum_types::{Labels, Microversion, NodeReport, Role};
use serde_json::{Map, Value};

pub use crate::python::{literal, repr};

fn status(failure: Failure) -> u16 {
    failure.status
}

/// The version a request with these headers is answered in.
pub fn negotiate(headers: &HeaderMap) -> Result<Microversion, u16> {
    version::negotiate(headers).map_err(status)
}

/// The headers of an answer in this version.
pub fn version_headers(version: Microversion) -> HeaderMap {
    let mut headers = HeaderMap::new();
    version::write(&mut headers, version);
    headers
}

/// What an operation lets be patched.
pub struct Patch {
    pub path: &'static str,
    rules: &'static Rules,
}

/// Every operation that takes a patch.
pub fn patches() -> impl Iterator<Item = Patch> {
    ROUTES.iter().filter_map(|route| match route.operation.takes {
        Takes::Patch(rules) => Some(Patch { path: route.operation.path, rules }),
        _ => None,
    })
}

impl Patch {
    pub fn apply(&self, body: &[u8], document: Map<String, Value>) -> Result<Map<String, Value>, u16> {
        patch::apply(&input(body), self.rules, document).map_err(status)
    }

    /// Attributes that are never changed.
    pub fn internal(&self) -> impl Iterator<Item = &'static str> {
        patch::INTERNAL.iter().chain(self.rules.internal).copied()
    }

    /// Attributes that are never removed.
    pub fn mandatory(&self) -> &'static [&'static str] {
        self.rules.mandatory
    }
}

fn input(body: &[u8]) -> Input {
    Input { body: body.to_vec(), ..Input::default() }
}

/// The labels of a request's body.
pub fn labels(body: &[u8]) -> Result<Option<Labels>, u16> {
    let record = input(body).record("cluster", &[Field::new("labels", Kind::Scalars)]).map_err(status)?;
    Ok(record.labels("labels"))
}

/// How links begin.
pub fn base(front: &Front, headers: &HeaderMap) -> String {
    front.base(headers)
}

/// A node's report as it is recorded.
pub fn report(body: &[u8]) -> Result<NodeReport, u16> {
    read_report(body).map_err(status)
}

/// A node named `n-0` at 10.0.0.5.
#[derive(Debug, Clone, Copy)]
pub struct NodeSeat {
    pub master: bool,
    pub swarm: bool,
}

pub const NODE_SEATS: [NodeSeat; 4] = [
    NodeSeat { master: false, swarm: false },
    NodeSeat { master: true, swarm: false },
    NodeSeat { master: false, swarm: true },
    NodeSeat { master: true, swarm: true },
];

/// Authorities by the words of `ca_cert_type`.
pub const NODE_AUTHORITIES: [&str; 3] = ["kubernetes", "etcd", "front-proxy"];

/// The usages of the certificate that a node asks for, or why it is refused.
pub fn node_usages(seat: NodeSeat, ca: &str, csr: &Csr) -> Result<Vec<Eku>, String> {
    let role = if seat.master { Role::Master } else { Role::Worker };
    let seat = Seat { name: "n-0", address: "10.0.0.5", role, swarm: seat.swarm };
    usages(&seat, Ca::from_wire(Some(ca)), csr.subject(), csr.sans(), csr.extended_key_usages())
}
