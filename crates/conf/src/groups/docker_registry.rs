// SPDX-License-Identifier: Apache-2.0
//! `[docker_registry]`: images kept in Swift.

use crate::definition::{Group, Kind, option};

pub(crate) static GROUP: Group = Group::new(
    "docker_registry",
    "The registry of a cluster, whose images are kept in Swift.",
    &[
        option("swift_region", Kind::Text, "Region of Swift."),
        option("swift_registry_container", Kind::Text, "Swift's container for the images.").default("docker_registry"),
    ],
);
