// SPDX-License-Identifier: Apache-2.0
//! What is in a probe's packets: whose it is, which probe's, and its turn.

use magnum_path::wire::{MAGIC, PAYLOAD};

/// A payload of `length` bytes, at least [`PAYLOAD`]; the rest is zero.
pub fn build(nonce: u32, number: u16, turn: u16, length: usize) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(nonce.to_be_bytes());
    bytes.extend(number.to_be_bytes());
    bytes.extend(turn.to_be_bytes());
    bytes.resize(length.max(PAYLOAD), 0);
    bytes
}

/// Number and turn, when the payload is one of this trace.
pub fn parse(bytes: &[u8], nonce: u32) -> Option<(u16, u16)> {
    let (head, rest) = bytes.split_first_chunk::<4>()?;
    let (whose, rest) = rest.split_first_chunk::<4>()?;
    let (number, rest) = rest.split_first_chunk::<2>()?;
    let turn = rest.first_chunk::<2>()?;
    (*head == MAGIC && u32::from_be_bytes(*whose) == nonce).then(|| (u16::from_be_bytes(*number), u16::from_be_bytes(*turn)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_is_read_and_nothing_else() {
        let built = build(0xdead_beef, 7, 513, 20);
        assert_eq!(built, *b"mgnp\xde\xad\xbe\xef\x00\x07\x02\x01\0\0\0\0\0\0\0\0");
        assert_eq!(parse(&built, 0xdead_beef), Some((7, 513)));
        assert_eq!(parse(&built[..12], 0xdead_beef), Some((7, 513)));
        assert_eq!(parse(&built[..11], 0xdead_beef), None);
        assert_eq!(parse(&built, 1), None);
        assert_eq!(parse(b"GET / HTTP/1.1\r\n", 1), None);
        assert_eq!(build(1, 1, 1, 0).len(), PAYLOAD);
    }
}
