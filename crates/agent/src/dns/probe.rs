// SPDX-License-Identifier: Apache-2.0
//! Asks a name server for one address (RFC 1035), to see that and what it answers.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_millis(900);
/// The reason when nothing came within the limit.
pub const TIMED_OUT: &str = "timed out";
const ID: [u8; 2] = [0x4d, 0x67];

/// What a name server said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// `NOERROR`, `NXDOMAIN`, …; empty when nothing came back.
    pub rcode: String,
    pub answers: u16,
    /// Why nothing came back.
    pub error: String,
    pub ms: u64,
}

/// Whether `server` knows an address for `name`.
pub fn query(server: Ipv4Addr, name: &str) -> io::Result<bool> {
    Ok(matches!(header(&by_udp(server, name, LIMIT)?), Some((0, answers)) if answers > 0))
}

/// Asks, and tells everything about the answer.
pub fn ask(server: Ipv4Addr, name: &str, tcp: bool, limit: Duration) -> Reply {
    let begin = Instant::now();
    let packet = if tcp { by_tcp(server, name, limit) } else { by_udp(server, name, limit) };
    let ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    match packet.map(|packet| header(&packet)) {
        Ok(Some((code, answers))) => Reply { rcode: word(code), answers, ms, ..Reply::default() },
        Ok(None) => Reply { error: "the answer is no DNS message".to_owned(), ms, ..Reply::default() },
        Err(error) => Reply { error: reason(&error), ms, ..Reply::default() },
    }
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => TIMED_OUT.to_owned(),
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        _ => error.to_string(),
    }
}

fn word(code: u8) -> String {
    match code {
        0 => "NOERROR".to_owned(),
        1 => "FORMERR".to_owned(),
        2 => "SERVFAIL".to_owned(),
        3 => "NXDOMAIN".to_owned(),
        5 => "REFUSED".to_owned(),
        other => format!("RCODE{other}"),
    }
}

/// Datagrams get lost now and then, so the question is sent up to three times, as resolvers do. An answer to the first may
/// come after the second was sent: slow is not lost.
fn by_udp(server: Ipv4Addr, name: &str, limit: Duration) -> io::Result<Vec<u8>> {
    const TIMES: u32 = 3;
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.connect((server, 53))?;
    socket.set_read_timeout(Some(limit / TIMES))?;
    let mut answer = vec![0; 4096];
    let mut last = io::Error::from(io::ErrorKind::TimedOut);
    for _ in 0..TIMES {
        socket.send(&question(name))?;
        match socket.recv(&mut answer) {
            Ok(length) => {
                answer.truncate(length);
                return Ok(answer);
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

fn by_tcp(server: Ipv4Addr, name: &str, limit: Duration) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&SocketAddr::from((server, 53)), limit)?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    let packet = question(name);
    let length = u16::try_from(packet.len()).map_err(|_| io::Error::other("the question is too long"))?;
    stream.write_all(&[&length.to_be_bytes()[..], &packet].concat())?;
    let mut size = [0; 2];
    stream.read_exact(&mut size)?;
    let mut answer = vec![0; usize::from(u16::from_be_bytes(size))];
    stream.read_exact(&mut answer)?;
    Ok(answer)
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

/// Response code and number of answers, when it is an answer to our question.
fn header(packet: &[u8]) -> Option<(u8, u16)> {
    match packet {
        [a, b, flags, code, _, _, high, low, ..] if [*a, *b] == ID && flags & 0x80 != 0 => {
            Some((code & 0x0f, u16::from_be_bytes([*high, *low])))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_written_and_an_answer_read() {
        assert_eq!(question("a.bc"), [0x4d, 0x67, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, b'a', 2, b'b', b'c', 0, 0, 1, 0, 1]);
        assert_eq!(header(&[0x4d, 0x67, 0x85, 0x80, 0, 1, 0, 1, 0, 0]), Some((0, 1)));
        assert_eq!(header(&[0x4d, 0x67, 0x85, 0x83, 0, 1, 0, 0, 0, 0]), Some((3, 0)), "no such name");
        assert_eq!(header(&[]), None);
    }

    #[test]
    fn a_server_that_is_not_there_is_told_by_its_reason() {
        let reply = ask(Ipv4Addr::new(127, 255, 255, 7), "x", true, Duration::from_millis(300));
        assert_eq!((reply.rcode.as_str(), reply.error.as_str()), ("", "connection refused"));
    }
}
