// SPDX-License-Identifier: Apache-2.0
//! Failure symptoms: each is an entry point, `magnum doctor CLUSTER --symptom NAME`.

use crate::instruction::{By, Section, does};

pub static SECTION: Section = Section {
    title: "Failure symptoms",
    guide: "L19-67",
    instructions: &[
        does(
            "create.resources",
            "L19-21",
            "see whether the machine has too little for the nodes",
            &[By::Rules(&["boot-oom", "boot-rootfs-full"]), By::Collector("node-agent")],
        ),
        does(
            "create.stage-clock",
            "L21-25",
            "see which node hangs, in which step, since when, and when the time-out will come",
            &[By::Command("magnum cluster create --watch"), By::Command("magnum doctor CLUSTER --watch"), By::Rules(&["boot-*"])],
        ),
        does(
            "create.kubernetes",
            "L27-29",
            "look at what was made, at Kubernetes' services and etcd on the masters",
            &[By::Command("magnum doctor CLUSTER --symptom kubernetes-create-fails"), By::Rules(&["boot-*", "kcp-*", "etcd-*"])],
        ),
        does(
            "create.swarm",
            "L31-33",
            "look at what was made, at the swarm's services",
            &[By::Command("magnum doctor CLUSTER --symptom swarm-create-fails"), By::Rules(&["sw-*", "cr-*"])],
        ),
        does("create.mesos", "L35-37", "look at what was made, at Mesos' services", &[By::NotHere("Mesos clusters are not offered")]),
        does(
            "deploy.timed-out",
            "L39-41",
            "verify that Kubernetes' services and etcd run on the masters",
            &[By::Command("magnum doctor CLUSTER --symptom timed-out"), By::Rules(&["kcp-*", "etcd-*"])],
        ),
        does(
            "deploy.pending",
            "L43-46",
            "see what a pending pod waits for; when it is its image, look at the node's way to the outside",
            &[By::Command("magnum doctor CLUSTER --symptom pending"), By::Rules(&["wl-*", "int-*", "kcp-scheduler-down"])],
        ),
        does(
            "app.not-working",
            "L48-51",
            "verify the network between pods, through services",
            &[
                By::Command("magnum doctor CLUSTER --symptom app-not-working"),
                By::Command("magnum doctor path POD svc/NAME"),
                By::Rules(&["fl-*", "kp-*", "dns-*"]),
            ],
        ),
        does(
            "swarm.cannot-deploy",
            "L53-54",
            "look at the swarm's services on the managers",
            &[By::Command("magnum doctor CLUSTER --symptom cannot-deploy"), By::Rules(&["sw-*"])],
        ),
        does("marathon.cannot-deploy", "L56-57", "look at Mesos' services on the master", &[By::NotHere("Mesos clusters are not offered")]),
        does(
            "deploy.protocol-violation",
            "L59-62",
            "verify that kube-apiserver runs; look at TLS and where keys are kept",
            &[
                By::Command("magnum doctor CLUSTER --symptom protocol-violation"),
                By::Rules(&["kcp-apiserver-*", "tls-*"]),
                By::Collector("probe-api"),
            ],
        ),
        does(
            "volume.error",
            "L64-67",
            "look at the room for volumes",
            &[
                By::Command("magnum doctor CLUSTER --symptom volume-error"),
                By::Rules(&["boot-rootfs-full"]),
                By::NotHere("the local engine's volumes are files of this machine; Cinder has none of them"),
            ],
        ),
    ],
};
