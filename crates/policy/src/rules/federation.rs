// SPDX-License-Identifier: Apache-2.0
//! Federations.

use crate::definition::{DefaultRule, project};

pub(crate) const RULES: &[DefaultRule] = &[
    project("federation:create", "rule:admin_or_project_member_deny_cluster_user", &[("POST", "/v1/federations")], "Create a federation."),
    project(
        "federation:delete",
        "rule:admin_or_project_member_deny_cluster_user",
        &[("DELETE", "/v1/federations/{federation_ident}")],
        "Delete a federation.",
    ),
    project(
        "federation:detail",
        "rule:admin_or_project_reader_deny_cluster_user",
        &[("GET", "/v1/federations")],
        "List federations with all their values.",
    ),
    project(
        "federation:get",
        "rule:admin_or_project_reader_deny_cluster_user",
        &[("GET", "/v1/federations/{federation_ident}")],
        "See a federation.",
    ),
    project("federation:get_all", "rule:admin_or_project_reader_deny_cluster_user", &[("GET", "/v1/federations/")], "List federations."),
    project(
        "federation:update",
        "rule:admin_or_project_member_deny_cluster_user",
        &[("PATCH", "/v1/federations/{federation_ident}")],
        "Change a federation, its members included.",
    ),
];
