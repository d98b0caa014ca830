// SPDX-License-Identifier: Apache-2.0
//! The cluster's health is UNHEALTHY or UNKNOWN.
//!
//! Magnum asks the API server for its own health and for each node's. Either it cannot ask, or it gets a bad
//! answer.

use crate::complaint::Complaint;

pub static COMPLAINT: Complaint = Complaint {
    id: "S17",
    guide: "",
    says: &["UNHEALTHY", "health_status", "[-]etcd failed", "[-]", "healthz check failed", "livez check failed", "readyz check failed"],
};
