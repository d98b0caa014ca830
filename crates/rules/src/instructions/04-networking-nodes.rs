// SPDX-License-Identifier: Apache-2.0
//! Kubernetes networking at the level of nodes: the overlay.

use crate::instruction::{By, Section, does};

pub static SECTION: Section = Section {
    title: "Kubernetes networking: nodes",
    guide: "L186-284",
    instructions: &[
        does(
            "path.matrix",
            "L189-200",
            "see which pods reach each other",
            &[By::Command("magnum doctor path --matrix"), By::Collector("probe-overlay")],
        ),
        does(
            "canary.container",
            "L213-227",
            "have a container on two nodes and find its address",
            &[By::Command("magnum doctor path POD POD")],
        ),
        does(
            "path.pod-pod",
            "L229-243",
            "ping from one to the other and back",
            &[By::Command("magnum doctor path POD POD"), By::Collector("probe-overlay")],
        ),
        does(
            "path.node-node",
            "L247",
            "ping between the nodes themselves",
            &[By::Collector("probe-underlay"), By::Command("magnum doctor path NODE NODE"), By::Rules(&["nt-duplicate-ip"])],
        ),
        does(
            "flannel.subnet-env",
            "L249-254",
            "read FLANNEL_SUBNET on each node",
            &[By::Collector("node-agent"), By::Rules(&["fl-duplicate-lease", "fl-config-mismatch"])],
        ),
        does(
            "flannel.addresses",
            "L256-262",
            "compare the addresses of flannel0 and docker0 with the subnet",
            &[By::Rules(&["fl-iface-address-wrong"])],
        ),
        does(
            "docker.bip",
            "L264-266",
            "compare containers' addresses with the subnet, and docker's --bip",
            &[By::Rules(&["cr-bip-mismatch"])],
        ),
        does("flannel.running", "L268", "see whether flannel runs", &[By::Rules(&["fl-not-running"])]),
        does(
            "path.trace",
            "L270-281",
            "capture on the six hops: docker0, flannel0, eth0, eth0, flannel0, docker0",
            &[By::Command("magnum doctor path POD POD")],
        ),
        does(
            "overlay.exonerated",
            "L283-284",
            "say so when the overlay works",
            &[By::Collector("probe-overlay"), By::Command("magnum doctor path --matrix")],
        ),
    ],
};
