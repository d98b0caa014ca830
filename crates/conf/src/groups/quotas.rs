// SPDX-License-Identifier: Apache-2.0
//! `[quotas]`: what a project may have.

use crate::definition::{Group, Kind, option};

pub(crate) static GROUP: Group = Group::new(
    "quotas",
    "What a project may have when no quota is set for it.",
    &[option("max_clusters_per_project", Kind::Integer(Some(0), None), "Clusters of one project.").default("20")],
);
