// SPDX-License-Identifier: Apache-2.0
//! Updating or resizing a cluster fails.
//!
//! The nodes that were to be added do not come up, or the ones to be removed do not go.

use crate::complaint::Complaint;

pub static COMPLAINT: Complaint = Complaint {
    id: "S14",
    guide: "",
    says: &["UPDATE_FAILED", "UPDATE_IN_PROGRESS", "update failed", "resize failed", "failed to resize", "Invalid key_name"],
};
