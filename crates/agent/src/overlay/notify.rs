// SPDX-License-Identifier: Apache-2.0
//! Tells systemd how the daemon stands (sd_notify(3)).

use std::os::unix::net::UnixDatagram;

/// Sends `READY=1`, `STATUS=…`; outside systemd it goes nowhere.
pub fn notify(state: &str) {
    let Ok(path) = std::env::var("NOTIFY_SOCKET") else { return };
    if let Ok(socket) = UnixDatagram::unbound() {
        let _ = socket.send_to(state.as_bytes(), path);
    }
}
