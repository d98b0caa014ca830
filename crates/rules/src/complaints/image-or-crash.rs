// SPDX-License-Identifier: Apache-2.0
//! An image cannot be pulled, or a container ends again and again.
//!
//! The reason of the container's state says which: the image's name, the registry, the room on the node, or the
//! program itself.

use crate::complaint::Complaint;

pub static COMPLAINT: Complaint = Complaint {
    id: "S19",
    guide: "",
    says: &[
        "ImagePullBackOff",
        "ErrImagePull",
        "ErrImageNeverPull",
        "InvalidImageName",
        "CrashLoopBackOff",
        "CreateContainerError",
        "CreateContainerConfigError",
        "RunContainerError",
        "OOMKilled",
        "manifest unknown",
        "pull access denied",
        "repository does not exist",
        "exec format error",
        "no space left on device",
        "toomanyrequests",
        "Back-off restarting failed container",
        "Back-off pulling image",
        "failed to pull image",
        "failed to resolve reference",
        "exit code 137",
    ],
};
