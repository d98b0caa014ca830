// SPDX-License-Identifier: Apache-2.0
//! I deploy pods and services, but the app is not working.
//!
//! Pods run and look well, but do not reach each other, or not through their service: the overlay, kube-proxy's
//! rules, the service's endpoints, or DNS.

use crate::complaint::Complaint;

pub static COMPLAINT: Complaint = Complaint {
    id: "S7",
    guide: "L48-51",
    says: &[
        "No route to host",
        "can't connect to remote host",
        "Name or service not known",
        "Temporary failure in name resolution",
        "could not resolve host",
        "bad address",
        "server misbehaving",
        "no such host",
        "Destination Host Unreachable",
        "Empty reply from server",
        "upstream connect error",
        "502 Bad Gateway",
        "503 Service Unavailable",
        "504 Gateway Time-out",
    ],
};
