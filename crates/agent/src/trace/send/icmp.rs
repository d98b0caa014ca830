// SPDX-License-Identifier: Apache-2.0
//! ICMP errors in words.

use std::net::Ipv4Addr;

/// Who says what: `10.0.0.5: fragmentation needed`.
pub fn error(from: Ipv4Addr, kind: u8, code: u8) -> String {
    match (kind, code) {
        (3, 0) => format!("{from}: network unreachable"),
        (3, 1) => format!("{from}: host unreachable"),
        (3, 2) => format!("{from}: protocol unreachable"),
        (3, 3) => format!("{from}: port unreachable"),
        (3, 4) => format!("{from}: fragmentation needed"),
        (3, 9 | 10 | 13) => format!("{from}: administratively prohibited"),
        (11, 0) => format!("{from}: time to live exceeded"),
        _ => format!("{from}: ICMP type {kind} code {code}"),
    }
}
