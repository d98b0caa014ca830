// SPDX-License-Identifier: Apache-2.0
//! `[oslo_concurrency]`: locks between processes.

use crate::definition::{Group, Kind, option};

pub(crate) static GROUP: Group = Group::new(
    "oslo_concurrency",
    "Locks between processes.",
    &[
        option("lock_path", Kind::Text, "Folder of lock files.")
            .formerly(&[("DEFAULT", "lock_path")])
            .ignored("work on a cluster is claimed in the database"),
        option("disable_process_locking", Kind::Bool, "Whether there are no such locks.")
            .default("false")
            .formerly(&[("DEFAULT", "disable_process_locking")])
            .ignored("work on a cluster is claimed in the database"),
    ],
);
