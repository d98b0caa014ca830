// SPDX-License-Identifier: Apache-2.0
//! My cluster create takes a really long time.
//!
//! A small machine is slow, and a process on a node can hang while everything waits for it. A create is not waited
//! out: each node reports its steps, and the one that hangs is named with what it waits for (`magnum timeline
//! CLUSTER`).

use crate::complaint::Complaint;

pub static COMPLAINT: Complaint = Complaint {
    id: "S1",
    guide: "L19-25",
    says: &[
        "CREATE_IN_PROGRESS",
        "create takes",
        "taking a long time",
        "really long time",
        "is slow",
        "waiting for the signal",
        "WaitConditionHandle",
        "context deadline exceeded while waiting for node",
    ],
};
