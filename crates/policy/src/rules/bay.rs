// SPDX-License-Identifier: Apache-2.0
//! Bays, the names that clusters had until 2016. The rules are those of today's names; the old text is what 15.0.1 asked.

use crate::definition::{DefaultRule, project};

const OLD: &str = "rule:deny_cluster_user";

pub(crate) const RULES: &[DefaultRule] = &[
    project("bay:create", "rule:admin_or_project_member_deny_cluster_user", &[("POST", "/v1/bays")], "Create a bay.").formerly(OLD),
    project("bay:delete", "rule:admin_or_project_member_deny_cluster_user", &[("DELETE", "/v1/bays/{bay_ident}")], "Delete a bay.")
        .formerly(OLD),
    project(
        "bay:detail",
        "rule:admin_or_project_reader_deny_cluster_user",
        &[("GET", "/v1/bays/detail")],
        "List bays with all their values.",
    )
    .formerly(OLD),
    project("bay:get", "rule:admin_or_project_reader_deny_cluster_user", &[("GET", "/v1/bays/{bay_ident}")], "See a bay.").formerly(OLD),
    project("bay:get_all", "rule:admin_or_project_reader_deny_cluster_user", &[("GET", "/v1/bays")], "List bays.").formerly(OLD),
    project("bay:update", "rule:admin_or_project_member_deny_cluster_user", &[("PATCH", "/v1/bays/{bay_ident}")], "Change a bay.")
        .formerly(OLD),
];
