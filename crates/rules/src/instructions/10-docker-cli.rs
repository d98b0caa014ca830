// SPDX-License-Identifier: Apache-2.0
//! Docker CLI, a section that stands empty in the guide.

use crate::instruction::{By, Section, does};

pub static SECTION: Section = Section {
    title: "Docker CLI",
    guide: "L415-417",
    instructions: &[
        does(
            "docker.connect",
            "L415-417",
            "see why a client cannot connect",
            &[
                By::Command("magnum doctor CLUSTER --symptom cannot-connect"),
                By::Rules(&["cr-remote-api", "tls-*"]),
                By::Collector("probe-api"),
            ],
        ),
        does("docker.daemon", "L415-417", "see whether the daemon runs and answers in time", &[By::Rules(&["cr-daemon-down", "cr-hung"])]),
        does(
            "docker.storage",
            "L415-417",
            "see whether its storage works and has room",
            &[By::Rules(&["cr-storage-driver", "boot-rootfs-full"])],
        ),
        does("docker.limits", "L415-417", "see whether it runs into limits of the kernel", &[By::Rules(&["cr-limits"])]),
        does(
            "docker.images",
            "L415-417",
            "see whether images can be had, the sandbox's among them",
            &[By::Rules(&["cr-pause-image", "wl-pull-notfound", "int-registry-moved"])],
        ),
    ],
};
