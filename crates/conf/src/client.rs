// SPDX-License-Identifier: Apache-2.0
//! The options that the `[*_client]` groups have in common.

use crate::definition::{Definition, Kind, option};

pub(crate) const REGION_NAME: Definition =
    option("region_name", Kind::Text, "Region in whose catalogue the service is looked up. Unset: the first that has it.");

pub(crate) const ENDPOINT_TYPE: Definition = option(
    "endpoint_type",
    Kind::Choice(&["publicURL", "internalURL", "adminURL", "public", "internal", "admin"]),
    "Which of the service's endpoints in the catalogue is called.",
)
.default("publicURL");

pub(crate) const CA_FILE: Definition =
    option("ca_file", Kind::Text, "File with the certificate authorities that the service's certificate is checked against.");

pub(crate) const CERT_FILE: Definition = option("cert_file", Kind::Text, "File with the client certificate shown to the service.");

pub(crate) const KEY_FILE: Definition = option("key_file", Kind::Text, "File with the private key of the client certificate.");

pub(crate) const INSECURE: Definition =
    option("insecure", Kind::Bool, "Whether the service's certificate goes unchecked. For tests only.").default("false");

pub(crate) const fn api_version(version: &'static str) -> Definition {
    option("api_version", Kind::Text, "Version of the service's API.")
        .default(version)
        .ignored("the version is taken from what the service offers")
}
