// SPDX-License-Identifier: Apache-2.0
//! Diagnoses, which Magnum's own API does not have.

use crate::definition::{DefaultRule, project};

pub(crate) const RULES: &[DefaultRule] = &[project(
    "cluster:diagnose",
    "rule:admin_or_project_member_deny_cluster_user",
    &[("POST", "/v1/clusters/{cluster_ident}/diagnoses"), ("POST", "/v1/clusters/{cluster_ident}/paths")],
    "Have the doctor look at a cluster, and trace paths in it.",
)];
