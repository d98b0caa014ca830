// SPDX-License-Identifier: Apache-2.0
//! A node is NotReady, or missing.
//!
//! Its kubelet does not report: it is down, cannot reach the API, has no working container runtime, or the node is
//! off.

use crate::complaint::Complaint;

pub static COMPLAINT: Complaint = Complaint {
    id: "S16",
    guide: "",
    says: &[
        "NotReady",
        "NodeNotReady",
        "Kubelet stopped posting node status",
        "container runtime network not ready",
        "cni plugin not initialized",
        "PLEG is not healthy",
        "node not found",
        "NodeStatusUnknown",
        "container runtime is down",
        "SchedulingDisabled",
    ],
};
