// SPDX-License-Identifier: Apache-2.0
//! `[cluster_template]`: network drivers that may be chosen.

use crate::definition::{Group, Kind, option};

const MESOS: &str = "clusters of mesos are not made";

pub(crate) static GROUP: Group = Group::new(
    "cluster_template",
    "Network drivers that a cluster template may choose.",
    &[
        option(
            "kubernetes_allowed_network_drivers",
            Kind::List(false),
            "Network drivers allowed for Kubernetes; `all` for every known one.",
        )
        .default("flannel,calico")
        .formerly(&[("baymodel", "kubernetes_allowed_network_drivers")]),
        option("kubernetes_default_network_driver", Kind::Text, "Network driver for Kubernetes when the template does not say.")
            .default("flannel")
            .formerly(&[("baymodel", "kubernetes_default_network_driver")]),
        option("swarm_allowed_network_drivers", Kind::List(false), "Network drivers allowed for Docker swarm; `all` for every known one.")
            .default("all")
            .formerly(&[("baymodel", "swarm_allowed_network_drivers")]),
        option("swarm_default_network_driver", Kind::Text, "Network driver for Docker swarm when the template does not say.")
            .default("docker")
            .formerly(&[("baymodel", "swarm_default_network_driver")]),
        option("mesos_allowed_network_drivers", Kind::List(false), "Network drivers allowed for Mesos.")
            .default("all")
            .formerly(&[("baymodel", "mesos_allowed_network_drivers")])
            .ignored(MESOS),
        option("mesos_default_network_driver", Kind::Text, "Network driver for Mesos when the template does not say.")
            .default("docker")
            .formerly(&[("baymodel", "mesos_default_network_driver")])
            .ignored(MESOS),
    ],
);
