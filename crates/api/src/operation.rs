// SPDX-License-Identifier: Apache-2.0
//! An operation as a value: the router, the coverage tests and the documents are made from it.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::reply::Reply;
use crate::shape::{Argument, Gives, Takes};
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
    /// The newest microversion that has it; newer ones answer 404, as if it did not exist.
    pub until: Microversion,
    /// The status of success.
    pub returns: u16,
    /// Needs no token.
    pub public: bool,
    /// Its query arguments.
    pub(crate) arguments: &'static [Argument],
    pub(crate) takes: Takes,
    pub(crate) gives: Gives,
    /// Another status that is no refusal, with what it gives.
    pub(crate) also: Option<(u16, Gives)>,
    /// The type named when the path goes on after a collection that cannot be posted to there.
    pub body: Option<(&'static str, &'static str)>,
}

impl Operation {
    const fn new(method: Method, path: &'static str, returns: u16) -> Self {
        Self {
            method,
            path,
            policy: None,
            everywhere: None,
            since: Microversion::MIN,
            gate: "",
            until: Microversion::MAX,
            returns,
            public: false,
            arguments: &[],
            takes: Takes::Nothing,
            gives: Gives::Nothing,
            also: None,
            body: None,
        }
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

    pub(crate) const fn until(mut self, minor: u16) -> Self {
        self.until = Microversion::v1(minor);
        self
    }

    pub(crate) const fn returns(mut self, status: u16) -> Self {
        self.returns = status;
        self
    }

    pub(crate) const fn arguments(mut self, arguments: &'static [Argument]) -> Self {
        self.arguments = arguments;
        self
    }

    pub(crate) const fn takes(mut self, takes: Takes) -> Self {
        self.takes = takes;
        self
    }

    pub(crate) const fn gives(mut self, gives: Gives) -> Self {
        self.gives = gives;
        self
    }

    pub(crate) const fn also(mut self, status: u16, gives: Gives) -> Self {
        self.also = Some((status, gives));
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
    /// What it does, in a sentence: the first line of its file.
    pub about: &'static str,
    pub handle: fn(Caller, Input, App) -> Handling,
}

/// Every operation with its name, for documents and tests.
pub fn all() -> impl Iterator<Item = (&'static str, &'static Operation)> {
    crate::operations::ROUTES.iter().map(|route| (route.name, route.operation))
}
