// SPDX-License-Identifier: Apache-2.0
//! `[neutron_client]`: how Neutron is reached.

use crate::client::{CA_FILE, CERT_FILE, ENDPOINT_TYPE, INSECURE, KEY_FILE, REGION_NAME};
use crate::definition::Group;

pub(crate) static GROUP: Group =
    Group::new("neutron_client", "How Neutron is reached.", &[REGION_NAME, ENDPOINT_TYPE, CA_FILE, CERT_FILE, KEY_FILE, INSECURE]);
