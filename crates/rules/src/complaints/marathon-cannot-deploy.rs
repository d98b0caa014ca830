// SPDX-License-Identifier: Apache-2.0
//! The Mesos cluster was created successfully, but I cannot deploy containers on Marathon.
//!
//! Check the Mesos services on the masters: whether ZooKeeper and Mesos have a leader, whether Marathon is registered
//! there, and what Marathon says of the offers that it declines.

use crate::complaint::Complaint;

pub static COMPLAINT: Complaint = Complaint {
    id: "S9",
    guide: "L56-57",
    says: &[
        "Could not determine the current leader",
        "App is locked by one or more deployments",
        "UnfulfilledConstraint",
        "UnfulfilledRole",
        "InsufficientCpus",
        "InsufficientMemory",
        "Framework has been removed",
        "marathon",
    ],
};
