// SPDX-License-Identifier: Apache-2.0
//! `[drivers]`: which drivers make clusters, and what they trust.

use crate::definition::{Group, Kind, option};

pub(crate) static GROUP: Group = Group::new(
    "drivers",
    "Which drivers make clusters, and what their nodes trust.",
    &[
        option("default_driver", Kind::Text, "Driver for a template that names none. Unset: the first by name that fits."),
        option("disabled_drivers", Kind::List(false), "Drivers that are not to be used.").default(""),
        option("enabled_beta_drivers", Kind::List(false), "Drivers to be used although they are not finished.").default(""),
        option("verify_ca", Kind::Bool, "Whether nodes check the certificates of the cloud's services.").default("true"),
        option("openstack_ca_file", Kind::Text, "File with the certificate authorities that nodes check them against.").default(""),
        option("send_cluster_metrics", Kind::Bool, "Whether clusters' use of processor and memory becomes notifications.")
            .default("false")
            .leaving("Magnum gave it up")
            .refused("metrics of clusters are not sent; take the line out and read them from the COE"),
    ],
);
