// SPDX-License-Identifier: Apache-2.0
//! `[certificates]`: where clusters' certificates are kept.

use crate::definition::{Group, Kind, option};

pub(crate) static GROUP: Group = Group::new(
    "certificates",
    "Where the certificates of clusters are kept.",
    &[
        option(
            "cert_manager_type",
            Kind::Choice(&["barbican", "x509keypair", "local"]),
            "Barbican, the database, or files on this machine; this program has the latter two.",
        )
        .default("x509keypair"),
        option("storage_path", Kind::Text, "Folder of the certificates when they are files; every process needs the same one.")
            .default("/var/lib/magnum/certificates/"),
    ],
);
