// SPDX-License-Identifier: Apache-2.0
//! Who asks, and about what.

use serde_json::{Map, Value};

/// The scope a token was given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The whole system.
    System,
    /// A domain.
    Domain,
    /// A project, or nothing at all.
    Project,
}

impl Scope {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Domain => "domain",
            Self::Project => "project",
        }
    }
}

/// What is known of the caller, by the names checks use: `user_id`, `project_id`, `domain_id`, `system_scope`, `roles`, `is_admin`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Credentials(pub(crate) Map<String, Value>);

impl Credentials {
    /// With this value.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// With these roles.
    #[must_use]
    pub fn roles<'a>(self, roles: impl IntoIterator<Item = &'a str>) -> Self {
        self.with("roles", roles.into_iter().map(Value::from).collect::<Vec<_>>())
    }

    /// The scope of the caller's token. A caller with a project has the scope of the project, whatever domain is known of it:
    /// Magnum's `domain_id` is the domain the user belongs to.
    pub fn scope(&self) -> Scope {
        let set = |name: &str| self.0.get(name).is_some_and(|v| !matches!(v, Value::Null | Value::Bool(false)) && v.as_str() != Some(""));
        if set("system_scope") || set("system") {
            Scope::System
        } else if set("domain_id") && !set("project_id") {
            Scope::Domain
        } else {
            Scope::Project
        }
    }

    /// Whether `is_admin` is set, see [`crate::Enforcer::complete`].
    pub fn is_admin(&self) -> bool {
        self.0.get("is_admin") == Some(&Value::Bool(true))
    }

    pub(crate) fn role_names(&self) -> Vec<&str> {
        self.0.get("roles").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    }
}

/// What is asked about: the object's values, by the names checks use, such as `project_id` and `user_id`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Target(pub(crate) Map<String, Value>);

impl Target {
    /// With this value.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// The caller's own project and user: what an operation without an object is asked about.
    pub fn own(credentials: &Credentials) -> Self {
        let mut target = Self::default();
        for name in ["project_id", "user_id"] {
            target = target.with(name, credentials.0.get(name).cloned().unwrap_or(Value::Null));
        }
        target
    }
}
