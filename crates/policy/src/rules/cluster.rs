// SPDX-License-Identifier: Apache-2.0
//! Clusters.

use crate::definition::{DefaultRule, administrator, project};

pub(crate) const RULES: &[DefaultRule] = &[
    project("cluster:create", "rule:admin_or_project_member_deny_cluster_user", &[("POST", "/v1/clusters")], "Create a cluster."),
    project(
        "cluster:delete",
        "rule:admin_or_project_member_deny_cluster_user",
        &[("DELETE", "/v1/clusters/{cluster_ident}")],
        "Delete a cluster.",
    ),
    administrator("cluster:delete_all_projects", &[("DELETE", "/v1/clusters/{cluster_ident}")], "Delete a cluster of any project."),
    project(
        "cluster:detail",
        "rule:admin_or_project_reader_deny_cluster_user",
        &[("GET", "/v1/clusters")],
        "List clusters with all their values.",
    ),
    administrator("cluster:detail_all_projects", &[("GET", "/v1/clusters")], "List clusters of all projects with all their values."),
    project("cluster:get", "rule:admin_or_project_reader_deny_cluster_user", &[("GET", "/v1/clusters/{cluster_ident}")], "See a cluster."),
    administrator("cluster:get_one_all_projects", &[("GET", "/v1/clusters/{cluster_ident}")], "See a cluster of any project."),
    project("cluster:get_all", "rule:admin_or_project_reader_deny_cluster_user", &[("GET", "/v1/clusters/")], "List clusters."),
    administrator("cluster:get_all_all_projects", &[("GET", "/v1/clusters/")], "List clusters of all projects."),
    project(
        "cluster:update",
        "rule:admin_or_project_member_deny_cluster_user",
        &[("PATCH", "/v1/clusters/{cluster_ident}")],
        "Change a cluster.",
    ),
    project(
        "cluster:update_health_status",
        "rule:admin_or_project_member_user_or_cluster_user",
        &[("PATCH", "/v1/clusters/{cluster_ident}")],
        "Report the health of a cluster.",
    ),
    administrator("cluster:update_all_projects", &[("PATCH", "/v1/clusters/{cluster_ident}")], "Change a cluster of any project."),
    project(
        "cluster:resize",
        "rule:admin_or_project_member_deny_cluster_user",
        &[("POST", "/v1/clusters/{cluster_ident}/actions/resize")],
        "Change the number of a cluster's nodes.",
    ),
    project(
        "cluster:upgrade",
        "rule:admin_or_project_member_deny_cluster_user",
        &[("POST", "/v1/clusters/{cluster_ident}/actions/upgrade")],
        "Bring a cluster to another template.",
    ),
    administrator(
        "cluster:upgrade_all_projects",
        &[("POST", "/v1/clusters/{cluster_ident}/actions/upgrade")],
        "Bring a cluster of any project to another template.",
    ),
];
