// SPDX-License-Identifier: Apache-2.0
//! kubectl or docker cannot connect to the cluster.
//!
//! The address of `magnum cluster config` leads nowhere, nothing listens there, or the certificates are not
//! accepted.

use crate::complaint::Complaint;

pub static COMPLAINT: Complaint = Complaint {
    id: "S20",
    guide: "",
    says: &[
        "was refused - did you specify the right host or port",
        "Unable to connect to the server",
        "connection refused",
        "i/o timeout",
        "You must be logged in to the server",
        "Unauthorized",
        "error: You must be logged in",
        "TLS handshake timeout",
        "network is unreachable",
        "is forbidden: User",
        "current-context is not set",
        "server has asked for the client to provide credentials",
    ],
};
