// SPDX-License-Identifier: Apache-2.0
//! Kubernetes services, a section that stands empty in the guide but for one sentence.

use crate::instruction::{By, Section, does};

pub static SECTION: Section = Section {
    title: "Kubernetes services",
    guide: "L389-396",
    instructions: &[
        does(
            "kubernetes.apiserver",
            "L389-396",
            "see whether the API server runs, is ready, and with which flags",
            &[By::Rules(&["kcp-apiserver-*", "kcp-admission-wrong"]), By::Collector("kubernetes-api")],
        ),
        does(
            "kubernetes.controllers",
            "L389-396",
            "see whether controller manager and scheduler lead and work",
            &[By::Rules(&["kcp-controller-manager-down", "kcp-scheduler-down"])],
        ),
        does("kubernetes.rights", "L389-396", "see whether the cluster's own parts have their rights", &[By::Rules(&["kcp-rbac-missing"])]),
        does("kubernetes.webhooks", "L389-396", "see whether a webhook stands in the way", &[By::Rules(&["kcp-webhook-blocking"])]),
        does("kubernetes.versions", "L389-396", "compare the versions of masters and nodes", &[By::Rules(&["kcp-version-skew"])]),
        does(
            "kubernetes.nodes",
            "L389-396",
            "compare the registered nodes with the servers, their conditions and taints",
            &[By::Rules(&["kn-*", "nv-*"])],
        ),
        does(
            "kubernetes.kubelet",
            "L389-396",
            "see whether each kubelet runs, reaches the API and has a runtime",
            &[By::Rules(&["kn-kubelet-down", "kn-api-unreachable", "cr-*"])],
        ),
        does("kubernetes.workloads", "L389-396", "see why pods do not start or end", &[By::Rules(&["wl-*"])]),
        does("kubernetes.dns", "L389-396", "see whether the cluster's names are answered", &[By::Rules(&["dns-*"])]),
    ],
};
