// SPDX-License-Identifier: Apache-2.0
//! What is behind an error.

use std::error::Error;

/// The innermost cause, which says what happened: "connection refused", "invalid peer certificate".
pub fn innermost<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn the_cause_behind_all_others_is_found() {
        let refused = io::Error::other(io::Error::from(io::ErrorKind::ConnectionRefused));
        assert_eq!(innermost(&io::Error::other(refused)).to_string(), "connection refused");
        assert_eq!(innermost(&io::Error::other("by itself")).to_string(), "by itself");
    }
}
