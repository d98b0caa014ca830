// SPDX-License-Identifier: Apache-2.0
//! Kubernetes cluster create fails.
//!
//! Look at what was made, then on the masters at the Kubernetes services and at etcd. The first step that failed on
//! a node is the one to explain; later ones mostly wait for it.

use crate::complaint::Complaint;

pub static COMPLAINT: Complaint = Complaint {
    id: "S2",
    guide: "L27-29",
    says: &[
        "CREATE_FAILED",
        "create failed",
        "failed to create cluster",
        "timed out waiting for the condition",
        "[kubelet-check]",
        "poststarthook/rbac/bootstrap-roles",
        "could not create the kubernetes cluster",
        "server made no progress",
    ],
};
