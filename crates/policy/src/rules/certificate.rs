// SPDX-License-Identifier: Apache-2.0
//! Certificates of clusters.

use crate::definition::{DefaultRule, project};

pub(crate) const RULES: &[DefaultRule] = &[
    project(
        "certificate:create",
        "rule:admin_or_project_member_user",
        &[("POST", "/v1/certificates")],
        "Have a certificate signed by a cluster's authority.",
    ),
    project(
        "certificate:get",
        "rule:admin_or_project_reader_user",
        &[("GET", "/v1/certificates/{cluster_uuid}")],
        "See the certificate of a cluster's authority.",
    ),
    project(
        "certificate:rotate_ca",
        "rule:admin_or_project_member",
        &[("PATCH", "/v1/certificates/{cluster_uuid}")],
        "Replace a cluster's certificate authorities.",
    ),
];
