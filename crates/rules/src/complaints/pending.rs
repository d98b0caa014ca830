// SPDX-License-Identifier: Apache-2.0
//! I deploy pods and their status stays "Pending".
//!
//! A pod is Pending while no node takes it, and while its image is being pulled. Its events say which of the two;
//! for the second, check the internet access of its node.

use crate::complaint::Complaint;

pub static COMPLAINT: Complaint = Complaint {
    id: "S6",
    guide: "L43-46",
    says: &[
        "Pending",
        "FailedScheduling",
        "nodes are available",
        "Insufficient cpu",
        "Insufficient memory",
        "had untolerated taint",
        "didn't match Pod's node affinity",
        "no nodes available to schedule pods",
        "ContainerCreating",
    ],
};
