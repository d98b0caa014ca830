// SPDX-License-Identifier: Apache-2.0
//! Counts of clusters and nodes.

use crate::definition::{DefaultRule, project};

pub(crate) const RULES: &[DefaultRule] =
    &[project("stats:get_all", "rule:admin_or_project_reader", &[("GET", "/v1/stats")], "See how many clusters and nodes there are.")];
