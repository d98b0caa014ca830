// SPDX-License-Identifier: Apache-2.0
//! Bay models, the names that cluster templates had until 2016. The rules are those of today's names; the old text is what 15.0.1 asked.

use crate::definition::{DefaultRule, administrator, project};

const OLD: &str = "rule:deny_cluster_user";

pub(crate) const RULES: &[DefaultRule] = &[
    project("baymodel:create", "rule:admin_or_project_member_deny_cluster_user", &[("POST", "/v1/baymodels")], "Create a bay model.")
        .formerly(OLD),
    project(
        "baymodel:delete",
        "rule:admin_or_project_member_deny_cluster_user",
        &[("DELETE", "/v1/baymodels/{baymodel_ident}")],
        "Delete a bay model.",
    )
    .formerly(OLD),
    project(
        "baymodel:detail",
        "rule:admin_or_project_reader_deny_cluster_user",
        &[("GET", "/v1/baymodels/detail")],
        "List bay models with all their values.",
    )
    .formerly(OLD),
    project(
        "baymodel:get",
        "rule:admin_or_project_reader_deny_cluster_user",
        &[("GET", "/v1/baymodels/{baymodel_ident}")],
        "See a bay model.",
    )
    .formerly(OLD),
    project("baymodel:get_all", "rule:admin_or_project_reader_deny_cluster_user", &[("GET", "/v1/baymodels")], "List bay models.")
        .formerly(OLD),
    project(
        "baymodel:update",
        "rule:admin_or_project_member_deny_cluster_user",
        &[("PATCH", "/v1/baymodels/{baymodel_ident}")],
        "Change a bay model.",
    )
    .formerly(OLD),
    administrator(
        "baymodel:publish",
        &[("POST", "/v1/baymodels"), ("PATCH", "/v1/baymodels/{baymodel_ident}")],
        "Make a bay model public.",
    ),
];
