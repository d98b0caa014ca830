// SPDX-License-Identifier: Apache-2.0
//! Cluster templates.

use crate::definition::{DefaultRule, administrator, project};

pub(crate) const RULES: &[DefaultRule] = &[
    project(
        "clustertemplate:create",
        "rule:admin_or_project_member_deny_cluster_user",
        &[("POST", "/v1/clustertemplates")],
        "Create a cluster template.",
    ),
    project(
        "clustertemplate:delete",
        "rule:admin_or_project_member",
        &[("DELETE", "/v1/clustertemplates/{clustertemplate_ident}")],
        "Delete a cluster template.",
    ),
    administrator(
        "clustertemplate:delete_all_projects",
        &[("DELETE", "/v1/clustertemplates/{clustertemplate_ident}")],
        "Delete a cluster template of any project.",
    ),
    administrator(
        "clustertemplate:detail_all_projects",
        &[("GET", "/v1/clustertemplates")],
        "List cluster templates of all projects with all their values.",
    ),
    project(
        "clustertemplate:detail",
        "rule:admin_or_project_reader_deny_cluster_user",
        &[("GET", "/v1/clustertemplates")],
        "List cluster templates with all their values.",
    ),
    project(
        "clustertemplate:get",
        "rule:admin_or_project_reader_deny_cluster_user",
        &[("GET", "/v1/clustertemplates/{clustertemplate_ident}")],
        "See a cluster template.",
    ),
    administrator(
        "clustertemplate:get_one_all_projects",
        &[("GET", "/v1/clustertemplates/{clustertemplate_ident}")],
        "See a cluster template of any project.",
    ),
    project(
        "clustertemplate:get_all",
        "rule:admin_or_project_reader_deny_cluster_user",
        &[("GET", "/v1/clustertemplates")],
        "List cluster templates.",
    ),
    administrator("clustertemplate:get_all_all_projects", &[("GET", "/v1/clustertemplates")], "List cluster templates of all projects."),
    project(
        "clustertemplate:update",
        "rule:admin_or_project_member",
        &[("PATCH", "/v1/clustertemplates/{clustertemplate_ident}")],
        "Change a cluster template.",
    ),
    administrator(
        "clustertemplate:update_all_projects",
        &[("PATCH", "/v1/clustertemplates/{clustertemplate_ident}")],
        "Change a cluster template of any project.",
    ),
    administrator(
        "clustertemplate:publish",
        &[("POST", "/v1/clustertemplates"), ("PATCH", "/v1/clustertemplates")],
        "Make a cluster template public or hidden.",
    ),
];
