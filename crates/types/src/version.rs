// SPDX-License-Identifier: Apache-2.0
//! API microversions (`reference: magnum-api.md 1.3`).

use serde::{Deserialize, Serialize};
use std::fmt;

/// `major.minor`; only major 1 exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Microversion {
    pub major: u16,
    pub minor: u16,
}

impl Microversion {
    /// The oldest version served, and the one meant when no header is sent.
    pub const MIN: Microversion = Microversion::v1(1);
    /// The newest version served.
    pub const MAX: Microversion = Microversion::v1(14);

    /// Version `1.minor`.
    pub const fn v1(minor: u16) -> Self {
        Self { major: 1, minor }
    }

    /// Reads `X.Y`; both parts decimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        (digits(major) && digits(minor)).then_some(())?;
        Some(Self { major: major.parse().ok()?, minor: minor.parse().ok()? })
    }
}

impl fmt::Display for Microversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_order_by_number_not_by_text() {
        let v = |text| Microversion::parse(text).unwrap();
        assert!(v("1.9") < v("1.10"));
        assert_eq!(v("1.14"), Microversion::MAX);
        for bad in ["", "1", "1.", ".1", "1.x", "+1.1", "1.1.1", "99999.1"] {
            assert_eq!(Microversion::parse(bad), None, "{bad}");
        }
    }
}
