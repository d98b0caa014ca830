// SPDX-License-Identifier: Apache-2.0
//! Deleting a cluster fails or does not end.
//!
//! Something still uses what is to be removed: a load balancer, a port, a volume, or a process on the machine.

use crate::complaint::Complaint;

pub static COMPLAINT: Complaint = Complaint {
    id: "S13",
    guide: "",
    says: &[
        "DELETE_FAILED",
        "DELETE_IN_PROGRESS",
        "delete failed",
        "Failed to pre-delete resources",
        "One or more ports have an IP allocation from this subnet",
        "Device or resource busy",
    ],
};
