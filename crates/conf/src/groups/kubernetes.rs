// SPDX-License-Identifier: Apache-2.0
//! `[kubernetes]`: clusters of Kubernetes.

use crate::definition::{Group, Kind, option};

pub(crate) static GROUP: Group = Group::new(
    "kubernetes",
    "Clusters of Kubernetes.",
    &[
        option(
            "health_polling_interval",
            Kind::Integer(None, None),
            "Seconds between two looks at the health of clusters; 0 or less: none.",
        )
        .default("60"),
        option("keystone_auth_default_policy", Kind::Text, "File with the policy of Keystone's users inside clusters.")
            .default("/etc/magnum/keystone_auth_default_policy.json"),
        option("post_install_manifest_url", Kind::Text, "URL of a manifest that every new cluster gets.").default(""),
    ],
);
