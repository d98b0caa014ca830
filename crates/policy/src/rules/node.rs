// SPDX-License-Identifier: Apache-2.0
//! Nodes, which Magnum's own API does not show.

use crate::definition::{DefaultRule, project};

pub(crate) const RULES: &[DefaultRule] = &[
    project(
        "cluster:exec",
        "rule:admin_or_project_member_deny_cluster_user",
        &[("POST", "/v1/clusters/{cluster_ident}/nodes/{node}/actions/exec")],
        "Run a program on a node of a cluster.",
    ),
    project(
        "cluster:power",
        "rule:admin_or_project_member_deny_cluster_user",
        &[
            ("POST", "/v1/clusters/{cluster_ident}/nodes/{node}/actions/start"),
            ("POST", "/v1/clusters/{cluster_ident}/nodes/{node}/actions/stop"),
        ],
        "Start and stop a node of a cluster.",
    ),
];
