// SPDX-License-Identifier: Apache-2.0
//! `[bay]`: what is left of 2015, and of the two template paths nobody reads any more.

use crate::definition::{Group, Kind, option};

const PATHS: &str = "2015's Heat templates are not read; write a cluster template with labels instead";

pub(crate) static GROUP: Group = Group::new(
    "bay",
    "Options of 2015 that have no successor.",
    &[
        option("coreos_discovery_token_url", Kind::Text, "URL of CoreOS's discovery service.")
            .leaving("CoreOS's discovery is gone")
            .ignored("no discovery service is asked"),
        option("k8s_atomic_template_path", Kind::Text, "Heat template for Kubernetes on Atomic.")
            .leaving("drivers bring their own")
            .refused(PATHS),
        option("k8s_coreos_template_path", Kind::Text, "Heat template for Kubernetes on CoreOS.")
            .leaving("drivers bring their own")
            .refused(PATHS),
        option("swarm_atomic_template_path", Kind::Text, "Heat template for Swarm on Atomic.")
            .leaving("drivers bring their own")
            .refused(PATHS),
        option("mesos_ubuntu_template_path", Kind::Text, "Heat template for Mesos on Ubuntu.")
            .leaving("drivers bring their own")
            .refused(PATHS),
    ],
);
