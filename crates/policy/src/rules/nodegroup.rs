// SPDX-License-Identifier: Apache-2.0
//! Node groups.

use crate::definition::{DefaultRule, administrator, project};

pub(crate) const RULES: &[DefaultRule] = &[
    project(
        "nodegroup:get",
        "rule:admin_or_project_reader",
        &[("GET", "/v1/clusters/{cluster_id}/nodegroups/{nodegroup}")],
        "See a node group.",
    ),
    project(
        "nodegroup:get_all",
        "rule:admin_or_project_reader",
        &[("GET", "/v1/clusters/{cluster_id}/nodegroups/")],
        "List the node groups of a cluster.",
    ),
    administrator(
        "nodegroup:get_all_all_projects",
        &[("GET", "/v1/clusters/{cluster_id}/nodegroups/")],
        "List the node groups of a cluster of any project.",
    ),
    administrator(
        "nodegroup:get_one_all_projects",
        &[("GET", "/v1/clusters/{cluster_id}/nodegroups/{nodegroup}")],
        "See a node group of a cluster of any project.",
    ),
    project(
        "nodegroup:create",
        "rule:admin_or_project_member",
        &[("POST", "/v1/clusters/{cluster_id}/nodegroups/")],
        "Create a node group.",
    ),
    project(
        "nodegroup:delete",
        "rule:admin_or_project_member",
        &[("DELETE", "/v1/clusters/{cluster_id}/nodegroups/{nodegroup}")],
        "Delete a node group.",
    ),
    project(
        "nodegroup:update",
        "rule:admin_or_project_member",
        &[("PATCH", "/v1/clusters/{cluster_id}/nodegroups/{nodegroup}")],
        "Change the limits, labels or taints of a node group.",
    ),
];
