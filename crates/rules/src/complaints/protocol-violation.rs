// SPDX-License-Identifier: Apache-2.0
//! I get a "Protocol violation" error when deploying a container.
//!
//! Client and server do not speak the same protocol: nothing or something else listens on the API's port, or the
//! certificates do not fit. Check kube-apiserver and TLS.

use crate::complaint::Complaint;

pub static COMPLAINT: Complaint = Complaint {
    id: "S10",
    guide: "L59-62",
    says: &[
        "Protocol violation",
        "malformed HTTP response",
        "server gave HTTP response to HTTPS client",
        "Client sent an HTTP request to an HTTPS server",
        "first record does not look like a TLS handshake",
        "tls: handshake failure",
        "wrong version number",
        "x509: certificate has expired or is not yet valid",
        "x509: certificate signed by unknown authority",
        "certificate verify failed",
        "tls: bad certificate",
        "remote error: tls",
        "remote error",
    ],
};
