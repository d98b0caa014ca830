// SPDX-License-Identifier: Apache-2.0
//! Credentials of clusters.

use crate::definition::{DefaultRule, project};

pub(crate) const RULES: &[DefaultRule] = &[project(
    "credential:rotate",
    "rule:project_member_deny_cluster_user",
    &[("PATCH", "/v1/credentials/{cluster_uuid}")],
    "Replace the credentials a cluster uses in the cloud.",
)];
