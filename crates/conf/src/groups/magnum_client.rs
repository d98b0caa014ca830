// SPDX-License-Identifier: Apache-2.0
//! `[magnum_client]`: how nodes reach this API.

use crate::client::{ENDPOINT_TYPE, REGION_NAME};
use crate::definition::Group;

pub(crate) static GROUP: Group = Group::new("magnum_client", "How nodes reach this API.", &[REGION_NAME, ENDPOINT_TYPE]);
