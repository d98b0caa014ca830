// SPDX-License-Identifier: Apache-2.0
//! `[octavia_client]`: how Octavia is reached.

use crate::client::{CA_FILE, CERT_FILE, ENDPOINT_TYPE, INSECURE, KEY_FILE, REGION_NAME};
use crate::definition::Group;

pub(crate) static GROUP: Group =
    Group::new("octavia_client", "How Octavia is reached.", &[REGION_NAME, ENDPOINT_TYPE, CA_FILE, CERT_FILE, KEY_FILE, INSECURE]);
