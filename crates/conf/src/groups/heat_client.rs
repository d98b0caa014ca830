// SPDX-License-Identifier: Apache-2.0
//! `[heat_client]`: how Heat is reached.

use crate::client::{CA_FILE, CERT_FILE, ENDPOINT_TYPE, INSECURE, KEY_FILE, REGION_NAME, api_version};
use crate::definition::Group;

pub(crate) static GROUP: Group = Group::new(
    "heat_client",
    "How Heat is reached.",
    &[REGION_NAME, ENDPOINT_TYPE, api_version("1"), CA_FILE, CERT_FILE, KEY_FILE, INSECURE],
);
