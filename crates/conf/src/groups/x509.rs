// SPDX-License-Identifier: Apache-2.0
//! `[x509]`: what clusters' authorities sign.

use crate::definition::{Group, Kind, Unit, option};

pub(crate) static GROUP: Group = Group::new(
    "x509",
    "What the certificate authorities of clusters sign.",
    &[
        option("allow_ca", Kind::Bool, "Whether a request may ask for an authority's certificate.").default("false"),
        option("allowed_extensions", Kind::List(false), "Extensions a request may ask for.")
            .default("keyUsage,extendedKeyUsage,subjectAltName,basicConstraints,subjectKeyIdentifier"),
        option("allowed_key_usage", Kind::List(false), "Uses of the key a request may ask for.")
            .default("Digital Signature,Key Encipherment,Content Commitment"),
        option("term_of_validity", Kind::Duration(Unit::Days), "How long a certificate is valid.").default("1825"),
        option("rsa_key_size", Kind::Integer(Some(2048), Some(8192)), "Bits of keys of the RSA kind that are made here.").default("2048"),
    ],
);
