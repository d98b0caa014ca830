// SPDX-License-Identifier: Apache-2.0
//! `[cinder_client]`: how Cinder is reached.

use crate::client::{CA_FILE, CERT_FILE, ENDPOINT_TYPE, INSECURE, KEY_FILE, REGION_NAME, api_version};
use crate::definition::Group;

pub(crate) static GROUP: Group = Group::new(
    "cinder_client",
    "How Cinder is reached.",
    &[REGION_NAME, ENDPOINT_TYPE, api_version("3"), CA_FILE, CERT_FILE, KEY_FILE, INSECURE],
);
