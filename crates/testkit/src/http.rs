// SPDX-License-Identifier: Apache-2.0
//! Requests of tests.

use std::time::Duration;

/// Asks over HTTP, each time for `limit` at the most; a refusal is an answer and no error.
pub fn http_agent(limit: Duration) -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(limit)).build().into()
}
