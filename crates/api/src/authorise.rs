// SPDX-License-Identifier: Apache-2.0
//! May the caller do this? Magnum's default rules by their own names; a policy file replaces this table later.

use crate::caller::Caller;
use crate::failure::Failure;
use crate::operation::Operation;

enum Rule {
    Admin,
    Member,
    Reader,
}

fn rule(policy: &str) -> Rule {
    match policy {
        "clustertemplate:publish" | "magnum-service:get_all" | "quota:get_all" | "quota:create" | "quota:update" | "quota:delete" => {
            Rule::Admin
        }
        _ if policy.ends_with("_all_projects") => Rule::Admin,
        _ => match policy.rsplit(':').next() {
            Some("get" | "get_all" | "detail") => Rule::Reader,
            _ => Rule::Member,
        },
    }
}

impl Caller {
    /// Whether the rule named `policy` allows the caller.
    pub(crate) fn may(&self, policy: &str) -> bool {
        match rule(policy) {
            Rule::Admin => self.has_role("admin"),
            Rule::Member => self.has_role("admin") || self.has_role("member"),
            Rule::Reader => self.has_role("admin") || self.has_role("member") || self.has_role("reader"),
        }
    }

    /// Refuses what the operation's rule does not allow.
    pub(crate) fn authorise(&self, operation: &Operation) -> Result<(), Failure> {
        operation.policy.map_or(Ok(()), |policy| self.require(policy))
    }

    /// Refuses what the rule named `policy` does not allow.
    pub(crate) fn require(&self, policy: &str) -> Result<(), Failure> {
        if self.may(policy) { Ok(()) } else { Err(Failure::forbidden(format!("Policy doesn't allow {policy} to be performed."))) }
    }
}
