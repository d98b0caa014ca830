// SPDX-License-Identifier: Apache-2.0
//! Cluster create fails with "Failed to create trustee".
//!
//! Magnum makes a user in a domain of its own for each cluster. Check that this domain and its administrator exist in
//! Keystone, that the password is right, and that the administrator has the role admin there; Magnum's own log has
//! what Keystone answered.

use crate::complaint::Complaint;

pub static COMPLAINT: Complaint = Complaint {
    id: "S12",
    guide: "",
    says: &["Failed to create trustee", "Failed to create trustee or trust for Cluster", "trustee_domain", "trustee domain"],
};
