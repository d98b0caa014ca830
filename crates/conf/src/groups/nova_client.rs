// SPDX-License-Identifier: Apache-2.0
//! `[nova_client]`: how Nova is reached.

use crate::client::{CA_FILE, CERT_FILE, ENDPOINT_TYPE, INSECURE, KEY_FILE, REGION_NAME, api_version};
use crate::definition::Group;

pub(crate) static GROUP: Group = Group::new(
    "nova_client",
    "How Nova is reached.",
    &[REGION_NAME, ENDPOINT_TYPE, api_version("2"), CA_FILE, CERT_FILE, KEY_FILE, INSECURE],
);
