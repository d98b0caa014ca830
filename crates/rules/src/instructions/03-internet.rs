// SPDX-License-Identifier: Apache-2.0
//! Cluster internet access.

use crate::instruction::{By, Section, does};

pub static SECTION: Section = Section {
    title: "Cluster internet access",
    guide: "L119-183",
    instructions: &[
        does(
            "inet.ladder",
            "L137-141",
            "ping an address outside from a node",
            &[By::Rules(&["int-no-egress"]), By::Command("magnum doctor path NODE ADDRESS")],
        ),
        does(
            "inet.ping",
            "L143-147",
            "ping although the image's own ping does not work",
            &[By::Command("magnum doctor path NODE ADDRESS:PORT")],
        ),
        does(
            "inet.uplink",
            "L152-155",
            "see whether the outside has a route, from the router on",
            &[By::Rules(&["int-no-egress", "nt-cidr-overlap"]), By::Command("magnum doctor path NODE ADDRESS")],
        ),
        does(
            "inet.proxy",
            "L156-158",
            "see whether a proxy is needed and known to everything that needs it",
            &[By::Rules(&["int-noproxy-missing"])],
        ),
        does(
            "sg.evaluate",
            "L159-161",
            "see whether a security group blocks it",
            &[
                By::Rules(&["nt-sg-port-blocked", "kp-nodeport-sg"]),
                By::Collector("engine-port"),
                By::Command("magnum doctor path NODE NODE:PORT"),
            ],
        ),
        does(
            "host.nat",
            "L162-163",
            "see whether the host translates the private addresses",
            &[By::Rules(&["int-no-egress"]), By::Command("magnum doctor path NODE ADDRESS")],
        ),
        does(
            "inet.trace",
            "L164-167",
            "capture on docker0, flannel0 and eth0 while pinging",
            &[By::Command("magnum doctor path POD ADDRESS")],
        ),
        does(
            "inet.registry",
            "L133-135",
            "see whether images can be downloaded",
            &[By::Rules(&["int-registry-moved", "int-registry-ratelimit", "int-insecure-registry"])],
        ),
        does(
            "inet.large-packets",
            "L137-141",
            "see whether full packets get through where small ones do",
            &[By::Rules(&["int-mtu-pmtud", "nt-mtu-physical"]), By::Collector("probe-sizes")],
        ),
        does("dns.resolve", "L169-175", "look a name up from a node", &[By::Rules(&["int-dns-unreachable", "int-dns-partial"])]),
        does(
            "dns.config",
            "L177-180",
            "compare the name servers that the subnet has with those that were asked for",
            &[By::Rules(&["int-dns-partial", "dns-upstream-fail"])],
        ),
        does(
            "dns.own-server",
            "L181-183",
            "see whether each name server answers",
            &[By::Rules(&["int-dns-unreachable", "dns-udp53-blocked", "dns-upstream-fail"])],
        ),
    ],
};
