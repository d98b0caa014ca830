// SPDX-License-Identifier: Apache-2.0
//! Quotas of projects.

use crate::definition::{DefaultRule, administrator, project};

pub(crate) const RULES: &[DefaultRule] = &[
    administrator("quota:create", &[("POST", "/v1/quotas")], "Set a project's quota for the first time."),
    administrator("quota:delete", &[("DELETE", "/v1/quotas/{project_id}/{resource}")], "Delete a project's quota."),
    project("quota:get", "rule:admin_or_project_reader", &[("GET", "/v1/quotas/{project_id}/{resource}")], "See the quota of a project."),
    administrator("quota:get_all", &[("GET", "/v1/quotas")], "List quotas."),
    administrator("quota:update", &[("PATCH", "/v1/quotas/{project_id}/{resource}")], "Change a project's quota."),
];
