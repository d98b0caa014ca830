// SPDX-License-Identifier: Apache-2.0
//! `[barbican_client]`: how Barbican is reached.

use crate::client::{ENDPOINT_TYPE, REGION_NAME};
use crate::definition::Group;

pub(crate) static GROUP: Group = Group::new("barbican_client", "How Barbican is reached.", &[REGION_NAME, ENDPOINT_TYPE]);
