// SPDX-License-Identifier: Apache-2.0
//! I get the error "Timed out waiting for a reply" when deploying a pod.
//!
//! Something that must answer does not: the API server, or etcd behind it. Both run on the masters.

use crate::complaint::Complaint;

pub static COMPLAINT: Complaint = Complaint {
    id: "S5",
    guide: "L39-41",
    says: &[
        "Timed out waiting for a reply",
        "etcdserver: request timed out",
        "context deadline exceeded",
        "Client.Timeout exceeded while awaiting headers",
        "request timed out",
        "the server was unable to return a response in the time allotted",
        "etcdserver: no leader",
        "rpc error: code = DeadlineExceeded",
    ],
};
