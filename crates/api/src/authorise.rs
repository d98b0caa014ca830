// SPDX-License-Identifier: Apache-2.0
//! May the caller do this? Asked of the policy's rules, with the object at hand as their target.

use crate::caller::Caller;
use crate::failure::Failure;
use crate::operation::Operation;
use magnum_policy::{Decision, Target};
use magnum_store::{Cluster, Federation, NodeGroup, Template};
use magnum_types::ProjectId;

/// An object that somebody owns, as rules see it.
pub(crate) trait Owned {
    fn target(&self) -> Target;
}

impl Owned for Cluster {
    fn target(&self) -> Target {
        owned(&self.uuid, &self.name, &self.project_id).with("user_id", self.user_id.0.clone())
    }
}

impl Owned for Template {
    fn target(&self) -> Target {
        owned(&self.uuid, &self.name, &self.project_id).with("user_id", self.user_id.0.clone())
    }
}

impl Owned for Federation {
    fn target(&self) -> Target {
        owned(&self.uuid, &self.name, &self.project_id)
    }
}

impl Owned for NodeGroup {
    fn target(&self) -> Target {
        owned(&self.uuid, &self.name, &self.project_id).with("cluster_id", self.cluster_id.to_string())
    }
}

/// What every object has.
fn owned(uuid: &dyn std::fmt::Display, name: &str, project: &ProjectId) -> Target {
    Target::default().with("uuid", uuid.to_string()).with("name", name).with("project_id", project.0.clone())
}

impl Caller {
    /// Whether the rule named `policy` allows the caller something in their own project.
    pub(crate) fn may(&self, policy: &str) -> bool {
        self.decide(policy, &Target::own(&self.credentials)).is_ok()
    }

    /// Refuses what the operation's rules do not allow the caller in their own project.
    pub(crate) fn authorise(&self, operation: &Operation) -> Result<(), Failure> {
        self.all_rules(operation, &Target::own(&self.credentials))
    }

    /// Refuses what the operation's rules do not allow the caller with this object.
    pub(crate) fn authorise_on(&self, operation: &Operation, object: &impl Owned) -> Result<(), Failure> {
        self.all_rules(operation, &object.target())
    }

    /// Refuses what the operation's rules do not allow the caller with this template; a public one is everybody's.
    pub(crate) fn authorise_to_see(&self, operation: &Operation, template: &Template) -> Result<(), Failure> {
        if template.public == Some(true) { self.authorise(operation) } else { self.authorise_on(operation, template) }
    }

    /// Refuses what the rule named `policy` does not allow the caller with this object.
    pub(crate) fn require_on(&self, policy: &str, object: &impl Owned) -> Result<(), Failure> {
        self.decide(policy, &object.target())
    }

    /// An administrator's wider view is another rule, which is asked before the usual one.
    fn all_rules(&self, operation: &Operation, target: &Target) -> Result<(), Failure> {
        if let Some(everywhere) = operation.everywhere
            && self.is_admin
        {
            self.decide(everywhere, target)?;
        }
        operation.policy.map_or(Ok(()), |policy| self.decide(policy, target))
    }

    fn decide(&self, policy: &str, target: &Target) -> Result<(), Failure> {
        match self.rules.authorise(policy, target, &self.credentials) {
            Decision::Allowed => Ok(()),
            Decision::Denied(denial) => {
                tracing::info!(request_id = self.request_id, %denial, "refused");
                Err(Failure::forbidden(denial.public()))
            }
        }
    }
}
