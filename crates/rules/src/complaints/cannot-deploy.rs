// SPDX-License-Identifier: Apache-2.0
//! The swarm was created successfully, but I cannot deploy containers.
//!
//! Check the Swarm services on the masters: whether there is a manager majority, whether nodes are ready, and what
//! the tasks say.

use crate::complaint::Complaint;

pub static COMPLAINT: Complaint = Complaint {
    id: "S8",
    guide: "L53-54",
    says: &[
        "The swarm does not have a leader",
        "no suitable node",
        "This node is not a swarm manager",
        "too few managers are online",
        "It's possible that too few managers are online",
        "task: non-zero exit",
        "service update paused",
        "Cannot connect to the Docker daemon",
        "rpc error: code = Unavailable",
    ],
};
