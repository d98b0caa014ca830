// SPDX-License-Identifier: Apache-2.0
//! The request's circumstances: who, in which microversion, under which id, and how links are to begin.

use crate::identity::Identity;
use magnum_store::Scope;
use magnum_types::{Microversion, ProjectId, UserId};

/// Who is calling, and how.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub identity: Identity,
    pub version: Microversion,
    /// `req-…`, also in the answer's header.
    pub request_id: String,
    /// Scheme and host as the caller wrote them, without a slash at the end.
    pub base: String,
}

impl Caller {
    /// Whose rows the caller may see.
    pub fn scope(&self) -> Scope {
        if self.identity.is_admin { Scope::All } else { self.own() }
    }

    /// The caller's own rows only: for operations in which Magnum gives administrators no wider view.
    pub fn own(&self) -> Scope {
        if self.identity.project.0.is_empty() {
            Scope::User(self.identity.user.clone())
        } else {
            Scope::Project(self.identity.project.clone())
        }
    }

    pub fn has_role(&self, role: &str) -> bool {
        self.identity.roles.iter().any(|own| own == role)
    }

    /// Self and bookmark links of `path`, e.g. `clusters/UUID`.
    pub fn links(&self, path: &str) -> serde_json::Value {
        let base = &self.base;
        serde_json::json!([
            {"href": format!("{base}/v1/{path}"), "rel": "self"},
            {"href": format!("{base}/{path}"), "rel": "bookmark"},
        ])
    }

    /// Nobody, for operations without a token.
    pub fn nobody() -> Identity {
        Identity { project: ProjectId(String::new()), user: UserId(String::new()), roles: Vec::new(), is_admin: false }
    }
}
