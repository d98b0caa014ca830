// SPDX-License-Identifier: Apache-2.0
//! etcd service, a section that stands empty in the guide.

use crate::instruction::{By, Section, does};

pub static SECTION: Section = Section {
    title: "etcd service",
    guide: "L379-381",
    instructions: &[
        does(
            "etcd.running",
            "L379-381",
            "see whether etcd runs on every master, and why it ended",
            &[By::Rules(&["etcd-not-running", "etcd-wal-corrupt"])],
        ),
        does(
            "etcd.members",
            "L379-381",
            "compare the members with the masters",
            &[By::Rules(&["etcd-member-removed", "etcd-cluster-id-mismatch", "etcd-advertise-wrong"])],
        ),
        does("etcd.quorum", "L379-381", "see whether there is a leader and a majority", &[By::Rules(&["etcd-quorum-lost"])]),
        does(
            "etcd.peers",
            "L379-381",
            "see whether the members reach each other, with TLS",
            &[By::Rules(&["etcd-peer-blocked", "etcd-peer-tls"]), By::Collector("probe-ports")],
        ),
        does("etcd.clients", "L379-381", "see whether clients are let in", &[By::Rules(&["etcd-client-auth", "kcp-apiserver-no-etcd"])]),
        does("etcd.room", "L379-381", "see whether the database and its disk have room", &[By::Rules(&["etcd-nospace", "etcd-disk-full"])]),
    ],
};
