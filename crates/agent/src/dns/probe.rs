// SPDX-License-Identifier: Apache-2.0
//! Asks a name server for one address (RFC 1035), to see that it answers.

use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

const LIMIT: Duration = Duration::from_millis(500);
const ID: [u8; 2] = [0x4d, 0x67];

/// Whether `server` knows an address for `name`.
pub fn query(server: Ipv4Addr, name: &str) -> io::Result<bool> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.set_read_timeout(Some(LIMIT))?;
    socket.connect((server, 53))?;
    socket.send(&question(name))?;
    let mut answer = [0; 512];
    let length = socket.recv(&mut answer)?;
    Ok(answer.get(..length).is_some_and(has_answer))
}

fn question(name: &str) -> Vec<u8> {
    let mut packet = vec![ID[0], ID[1], 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        let label = label.as_bytes().get(..label.len().min(63)).unwrap_or_default();
        packet.push(u8::try_from(label.len()).unwrap_or(63));
        packet.extend(label);
    }
    packet.extend([0, 0, 1, 0, 1]);
    packet
}

/// Ours, without an error, and with at least one record.
fn has_answer(packet: &[u8]) -> bool {
    matches!(packet, [a, b, flags, code, _, _, high, low, ..] if [*a, *b] == ID && flags & 0x80 != 0 && code & 0x0f == 0 && (*high, *low) != (0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_written_and_an_answer_read() {
        assert_eq!(question("a.bc"), [0x4d, 0x67, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, b'a', 2, b'b', b'c', 0, 0, 1, 0, 1]);
        assert!(has_answer(&[0x4d, 0x67, 0x85, 0x80, 0, 1, 0, 1, 0, 0]));
        assert!(!has_answer(&[0x4d, 0x67, 0x85, 0x83, 0, 1, 0, 0, 0, 0]), "no such name");
        assert!(!has_answer(&[]));
    }
}
