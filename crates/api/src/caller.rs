// SPDX-License-Identifier: Apache-2.0
//! The request's circumstances: who, in which microversion, under which id, and how links are to begin.

use crate::identity::Identity;
use magnum_policy::{Credentials, Enforcer};
use magnum_store::Scope;
use magnum_types::{ClusterId, Microversion};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Who is calling, and how.
#[derive(Clone)]
pub(crate) struct Caller {
    pub identity: Identity,
    /// Sees the rows of all projects, says the rule `context_is_admin`.
    pub is_admin: bool,
    /// The rules in force when the request began.
    pub rules: Arc<Enforcer>,
    /// What rules know of the caller.
    pub credentials: Credentials,
    pub version: Microversion,
    /// `req-…`, also in the answer's header.
    pub request_id: String,
    /// Scheme and host as the caller wrote them, without a slash at the end.
    pub base: String,
}

impl Caller {
    pub fn new(identity: Identity, rules: Arc<Enforcer>, version: Microversion, request_id: String, base: String) -> Self {
        let credentials = rules.complete(identity.credentials());
        let is_admin = credentials.is_admin();
        Self { identity, is_admin, rules, credentials, version, request_id, base }
    }

    /// Whose rows the caller may see.
    pub fn scope(&self) -> Scope {
        if self.is_admin { Scope::All } else { self.own() }
    }

    /// The caller's own rows only: for operations in which Magnum gives administrators no wider view.
    pub fn own(&self) -> Scope {
        if self.identity.project.0.is_empty() {
            Scope::User(self.identity.user.clone())
        } else {
            Scope::Project(self.identity.project.clone())
        }
    }

    /// An operation that the caller asks for.
    pub fn operation(&self, cluster: ClusterId, kind: &str, input: Value) -> magnum_store::Operation {
        magnum_store::Operation::new(cluster, kind, &self.request_id, input).by(self.context())
    }

    /// What others may know of the request, by the names of OpenStack's contexts. Never a token.
    fn context(&self) -> Map<String, Value> {
        let Identity { project, user, user_domain, system, roles, token: _ } = &self.identity;
        let context = serde_json::json!({
            "request_id": self.request_id,
            "user_id": user,
            "project_id": (!project.0.is_empty()).then_some(project),
            "domain_id": user_domain,
            "user_domain_id": user_domain,
            "system_scope": system.then_some("all"),
            "roles": roles,
            "is_admin": self.is_admin,
        });
        let mut context = context.as_object().cloned().unwrap_or_default();
        // Whoever carries the operation out goes on with the request's trace.
        if let Some(traceparent) = magnum_traces::traceparent() {
            context.insert(magnum_store::TRACEPARENT.to_owned(), Value::String(traceparent));
        }
        context
    }

    /// Self and bookmark links of `path`, e.g. `clusters/UUID`.
    pub fn links(&self, path: &str) -> serde_json::Value {
        let base = &self.base;
        serde_json::json!([
            {"href": format!("{base}/v1/{path}"), "rel": "self"},
            {"href": format!("{base}/{path}"), "rel": "bookmark"},
        ])
    }
}
