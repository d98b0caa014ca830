// SPDX-License-Identifier: Apache-2.0
//! TLS, a section that stands empty in the guide.

use crate::instruction::{By, Section, does};

pub static SECTION: Section = Section {
    title: "TLS",
    guide: "L109-111",
    instructions: &[
        does(
            "tls.inventory",
            "L109-111",
            "list every certificate on every node with its times, names and key",
            &[By::Collector("node-agent"), By::Rules(&["tls-empty-cert", "tls-key-mismatch"])],
        ),
        does(
            "tls.expiry",
            "L109-111",
            "see what has expired or will soon, with the clock looked at first",
            &[By::Rules(&["tls-expired", "int-clock-skew"])],
        ),
        does("tls.names", "L109-111", "compare the names in certificates with the addresses in use", &[By::Rules(&["tls-san-missing"])]),
        does(
            "tls.authority",
            "L109-111",
            "compare every certificate's issuer with the cluster's authority",
            &[By::Rules(&["tls-ca-mismatch"])],
        ),
        does("tls.usage", "L109-111", "see whether a certificate may be used for what it is used for", &[By::Rules(&["tls-eku-strict"])]),
        does(
            "tls.service-accounts",
            "L109-111",
            "compare the keys that sign and check service accounts' tokens on all masters",
            &[By::Rules(&["tls-sa-key-mismatch"])],
        ),
        does(
            "tls.first-bytes",
            "L109-111",
            "connect to the API as a client does",
            &[By::Collector("probe-api"), By::Collector("kubernetes-api")],
        ),
    ],
};
