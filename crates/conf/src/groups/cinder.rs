// SPDX-License-Identifier: Apache-2.0
//! `[cinder]`: volumes of nodes.

use crate::definition::{Group, Kind, option};

pub(crate) static GROUP: Group = Group::new(
    "cinder",
    "Volumes of nodes.",
    &[
        option(
            "default_docker_volume_type",
            Kind::Text,
            "Volume type for container images when the label does not say. Empty: the cloud's default.",
        )
        .default(""),
        option("default_etcd_volume_type", Kind::Text, "Volume type for etcd when the label does not say. Empty: the cloud's default.")
            .default(""),
        option(
            "default_boot_volume_type",
            Kind::Text,
            "Volume type for the system when the label does not say. Empty: the cloud's default.",
        )
        .default(""),
        option(
            "default_boot_volume_size",
            Kind::Integer(Some(0), None),
            "Gigabytes of the system's volume when the label does not say. 0: the system is on the flavor's disk.",
        )
        .default("0"),
    ],
);
