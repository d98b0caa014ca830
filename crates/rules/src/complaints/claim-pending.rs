// SPDX-License-Identifier: Apache-2.0
//! A volume claim stays Pending.
//!
//! No volume fits it and nothing makes one: no storage class, no driver, or the driver is refused.

use crate::complaint::Complaint;

pub static COMPLAINT: Complaint = Complaint {
    id: "S18",
    guide: "",
    says: &[
        "no persistent volumes available for this claim",
        "ProvisioningFailed",
        "waiting for first consumer",
        "unbound immediate PersistentVolumeClaims",
        "storageclass.storage.k8s.io",
        "FailedAttachVolume",
        "FailedMount",
        "WaitForFirstConsumer",
        "persistentvolumeclaim",
    ],
};
