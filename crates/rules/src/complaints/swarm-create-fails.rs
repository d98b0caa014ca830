// SPDX-License-Identifier: Apache-2.0
//! Swarm cluster create fails.
//!
//! Look at what was made, then on the masters at the Swarm services: the engine, the manager, and the way from the
//! workers to port 2377.

use crate::complaint::Complaint;

pub static COMPLAINT: Complaint = Complaint {
    id: "S3",
    guide: "L31-33",
    says: &[
        "swarm create failed",
        "could not join the swarm",
        "Timeout was reached before node joined",
        "docker swarm init",
        "docker swarm join",
        "This node is already part of a swarm",
        "could not find the system's IP address",
    ],
};
