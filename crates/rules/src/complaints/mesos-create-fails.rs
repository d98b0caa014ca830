// SPDX-License-Identifier: Apache-2.0
//! Mesos cluster create fails.
//!
//! Look at what was made, then on the masters at the Mesos services: ZooKeeper first, then the Mesos master, then
//! Marathon.

use crate::complaint::Complaint;

pub static COMPLAINT: Complaint = Complaint {
    id: "S4",
    guide: "L35-37",
    says: &[
        "mesos create failed",
        "No leading master",
        "No master is currently leading",
        "Failed to detect a master",
        "not currently serving requests",
        "Failed to recover the log",
    ],
};
