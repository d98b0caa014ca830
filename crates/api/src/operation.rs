// SPDX-License-Identifier: Apache-2.0
//! An operation as a value: the router, the coverage tests and the documents are made from it.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::reply::Reply;
use axum::http::Method;
use magnum_types::Microversion;
use std::future::Future;
use std::pin::Pin;

/// One method of one path.
#[derive(Debug, Clone)]
pub struct Operation {
    pub method: Method,
    /// Segments in braces are parameters, named as the arguments of Magnum's own methods.
    pub path: &'static str,
    /// The rule that must allow it; none where everybody may.
    pub policy: Option<&'static str>,
    /// The rule that must allow it as well to administrators, who see all projects.
    pub everywhere: Option<&'static str>,
    /// The oldest microversion that has it.
    pub since: Microversion,
    /// What Magnum names in its refusal of older versions.
    pub gate: &'static str,
    /// The status of success.
    pub returns: u16,
    /// Needs no token.
    pub public: bool,
    /// The type named when the path goes on after a collection that cannot be posted to there.
    pub body: Option<(&'static str, &'static str)>,
}

impl Operation {
    const fn new(method: Method, path: &'static str, returns: u16) -> Self {
        Self { method, path, policy: None, everywhere: None, since: Microversion::MIN, gate: "", returns, public: false, body: None }
    }

    pub(crate) const fn get(path: &'static str) -> Self {
        Self::new(Method::GET, path, 200)
    }

    pub(crate) const fn post(path: &'static str) -> Self {
        Self::new(Method::POST, path, 201)
    }

    pub(crate) const fn patch(path: &'static str) -> Self {
        Self::new(Method::PATCH, path, 200)
    }

    pub(crate) const fn delete(path: &'static str) -> Self {
        Self::new(Method::DELETE, path, 204)
    }

    pub(crate) const fn policy(mut self, policy: &'static str) -> Self {
        self.policy = Some(policy);
        self
    }

    pub(crate) const fn everywhere(mut self, policy: &'static str) -> Self {
        self.everywhere = Some(policy);
        self
    }

    pub(crate) const fn since(mut self, minor: u16, gate: &'static str) -> Self {
        self.since = Microversion::v1(minor);
        self.gate = gate;
        self
    }

    pub(crate) const fn returns(mut self, status: u16) -> Self {
        self.returns = status;
        self
    }

    pub(crate) const fn public(mut self) -> Self {
        self.public = true;
        self
    }

    pub(crate) const fn body(mut self, argument: &'static str, type_name: &'static str) -> Self {
        self.body = Some((argument, type_name));
        self
    }
}

/// A handler's future.
pub(crate) type Handling = Pin<Box<dyn Future<Output = Result<Reply, Failure>> + Send>>;

/// An operation with its handler.
pub(crate) struct Route {
    pub operation: &'static Operation,
    /// Resource and file, e.g. `clusters::create`.
    pub name: &'static str,
    pub handle: fn(Caller, Input, App) -> Handling,
}

/// Every operation with its name, for documents and tests.
pub fn all() -> impl Iterator<Item = (&'static str, &'static Operation)> {
    crate::operations::ROUTES.iter().map(|route| (route.name, route.operation))
}
