// SPDX-License-Identifier: Apache-2.0
//! Kubernetes networking at the level of services.

use crate::instruction::{By, Section, does};

pub static SECTION: Section = Section {
    title: "Kubernetes networking: services",
    guide: "L286-376",
    instructions: &[
        does(
            "service.path",
            "L286-293",
            "follow a packet through kube-proxy's rules",
            &[By::Command("magnum doctor path POD svc/NAME"), By::Rules(&["kp-*"])],
        ),
        does(
            "service.canary",
            "L295-319",
            "have two pods and a service for one of them",
            &[By::Command("magnum doctor path POD svc/NAME, with pods and services that are there")],
        ),
        does(
            "service.resolve",
            "L321-326",
            "find the service's address and port, its endpoints and what its selector fits",
            &[By::Rules(&["kp-no-endpoints", "kp-target-port"]), By::Collector("kubernetes-api"), By::Collector("probe-endpoints")],
        ),
        does(
            "topology.place",
            "L328-337",
            "find the pod's node and its address",
            &[By::Command("magnum doctor path POD svc/NAME, which names both")],
        ),
        does("service.call", "L339-347", "call the service from within the pod", &[By::Command("magnum doctor path POD svc/NAME")]),
        does(
            "service.error",
            "L349-354",
            "tell by the error what is wrong: refused, no route, no answer",
            &[By::Command("magnum doctor path POD svc/NAME"), By::Rules(&["kp-target-port", "kp-stale-rules"])],
        ),
        does("kube-proxy.running", "L358-361", "see whether kube-proxy runs on every node", &[By::Rules(&["kp-down"])]),
        does(
            "kube-proxy.log",
            "L363-366",
            "read kube-proxy's log",
            &[By::Rules(&["kp-node-name", "kp-stale-rules"]), By::Collector("node-agent")],
        ),
        does(
            "kube-proxy.rules",
            "L368-370",
            "compare the rules with the endpoints",
            &[By::Rules(&[
                "kp-stale-rules",
                "kp-iptables-backend-mix",
                "kp-cluster-cidr",
                "kp-service-cidr-clash",
                "kp-conntrack-full",
                "kp-policy-local",
            ])],
        ),
        does("service.names", "L368-370", "look the service's name up", &[By::Rules(&["dns-*"])]),
        does("events", "L371-373", "read the events", &[By::Collector("kubernetes-api"), By::Rules(&["wl-*"])]),
        does(
            "service.describe",
            "L374-376",
            "describe the service",
            &[By::Collector("kubernetes-api"), By::Rules(&["kp-no-endpoints", "kp-target-port"])],
        ),
    ],
};
