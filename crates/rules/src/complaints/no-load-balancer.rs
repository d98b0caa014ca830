// SPDX-License-Identifier: Apache-2.0
//! A service of type LoadBalancer gets no address.
//!
//! Something outside Kubernetes must give the address: a cloud controller, which may be absent or refused.

use crate::complaint::Complaint;

pub static COMPLAINT: Complaint = Complaint {
    id: "S15",
    guide: "",
    says: &["EnsuringLoadBalancer", "SyncLoadBalancerFailed", "Error syncing load balancer", "EXTERNAL-IP <pending>", "type LoadBalancer"],
};
