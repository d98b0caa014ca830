// SPDX-License-Identifier: Apache-2.0
//! My cluster create fails with a resource error on docker_volume.
//!
//! There is no room, or no permission, for the volume that each node keeps its containers on. Compare what is asked
//! for (`--docker-volume-size` times the nodes) with what there is.

use crate::complaint::Complaint;

pub static COMPLAINT: Complaint = Complaint {
    id: "S11",
    guide: "L64-67",
    says: &[
        "docker_volume",
        "exceeds allowed gigabytes quota",
        "Maximum number of volumes allowed",
        "VolumeSizeExceedsAvailableQuota",
        "Could not find any available weighted backend",
        "no space for the volume",
        "mkfs",
    ],
};
