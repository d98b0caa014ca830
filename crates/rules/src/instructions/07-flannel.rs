// SPDX-License-Identifier: Apache-2.0
//! flannel service, a section that stands empty in the guide.

use crate::instruction::{By, Section, does};

pub static SECTION: Section = Section {
    title: "flannel service",
    guide: "L384-386",
    instructions: &[
        does(
            "flannel.service",
            "L384-386",
            "see whether its daemon runs and what it last said",
            &[By::Rules(&["fl-not-running", "fl-etcd-unreachable"])],
        ),
        does(
            "flannel.config",
            "L384-386",
            "read its configuration in the registry, and compare it with the cluster's",
            &[By::Rules(&["fl-config-missing", "fl-config-invalid", "fl-config-mismatch", "fl-backend-mismatch"])],
        ),
        does(
            "flannel.leases",
            "L384-386",
            "compare the leases with the nodes: twice, missing, stale, used up, in the way",
            &[By::Rules(&["fl-duplicate-lease", "fl-publicip-stale", "fl-subnet-exhausted", "fl-subnet-overlap-node"])],
        ),
        does(
            "flannel.device",
            "L384-386",
            "look at the device it chose and at the one it made",
            &[By::Rules(&["fl-wrong-iface", "fl-iface-address-wrong", "fl-mtu"])],
        ),
        does(
            "flannel.entries",
            "L384-386",
            "look for the forwarding entry, the neighbour and the route of each other node",
            &[By::Rules(&["fl-fdb-or-neigh-missing"]), By::Command("magnum doctor path POD POD")],
        ),
        does(
            "flannel.port",
            "L384-386",
            "see whether its UDP port gets through",
            &[By::Rules(&["fl-udp-port-blocked"]), By::Collector("probe-burst")],
        ),
        does(
            "flannel.forwarding",
            "L384-386",
            "see whether the nodes forward, and let bridges' packets be filtered",
            &[By::Rules(&["fl-ip-forward", "fl-br-netfilter", "cr-forward-drop"])],
        ),
        does(
            "flannel.cni",
            "L384-386",
            "see whether the runtime was told of the network",
            &[By::Rules(&["fl-cni-conf-missing", "fl-cni-conflict", "cr-cni-bin-dir"])],
        ),
    ],
};
