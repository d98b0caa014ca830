// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::trace::payload;
use etherparse::PacketBuilder;
use std::net::Ipv4Addr;

const NONCE: u32 = 0xdead_beef;
const A: [u8; 4] = [10, 100, 1, 2];
const B: [u8; 4] = [10, 100, 2, 3];
const NODE_A: [u8; 4] = [10, 0, 0, 4];
const NODE_B: [u8; 4] = [10, 0, 0, 5];

fn wanted() -> Wanted {
    Wanted { nonce: NONCE, overlay_ports: vec![8472, 4789], source_ports: vec![40001, 40002] }
}

fn echo(reply: bool) -> Vec<u8> {
    let payload = payload::build(NONCE, 7, 2, 56);
    let mut bytes = Vec::new();
    let builder = PacketBuilder::ipv4(A, B, 64);
    match reply {
        true => PacketBuilder::ipv4(B, A, 64).icmpv4_echo_reply(0xbeef, 2).write(&mut bytes, &payload).unwrap(),
        false => builder.icmpv4_echo_request(0xbeef, 2).write(&mut bytes, &payload).unwrap(),
    }
    bytes
}

fn udp(source_port: u16, port: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    PacketBuilder::ipv4(A, B, 64).udp(source_port, port).write(&mut bytes, payload).unwrap();
    bytes
}

fn tcp(ports: (u16, u16), sequence: u32, acknowledged: Option<u32>, syn: bool, rst: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut builder = PacketBuilder::ipv4(A, B, 64).tcp(ports.0, ports.1, sequence, 1000);
    if syn {
        builder = builder.syn();
    }
    if rst {
        builder = builder.rst();
    }
    if let Some(number) = acknowledged {
        builder = builder.ack(number);
    }
    builder.write(&mut bytes, &[]).unwrap();
    bytes
}

fn vxlan(port: u16, inner: &[u8]) -> Vec<u8> {
    let mut payload = vec![8, 0, 0, 0, 0, 0x10, 1, 0];
    payload.extend([[2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]].concat());
    payload.extend([8, 0]);
    payload.extend(inner);
    let mut bytes = Vec::new();
    PacketBuilder::ipv4(NODE_A, NODE_B, 64).udp(51000, port).write(&mut bytes, &payload).unwrap();
    bytes
}

/// An ICMP error that quotes the first `length` bytes of a packet.
fn error(kind: u8, code: u8, quoted: &[u8], length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let quoted = &quoted[..length.min(quoted.len())];
    PacketBuilder::ipv4(NODE_B, A, 64).icmpv4_raw(kind, code, [0, 0, 5, 20]).write(&mut bytes, quoted).unwrap();
    bytes
}

fn line(seen: &Sighting) -> String {
    let address = |one: Option<Ipv4Addr>| one.map_or("-".to_owned(), |one| one.to_string());
    let mut text = format!("{:?} {}:{}", seen.kind.unwrap(), address(seen.source), seen.source_port);
    text += &format!(" {}:{} {} bytes", address(seen.destination), seen.port, seen.bytes);
    if let (Some(number), Some(turn)) = (seen.number, seen.turn) {
        text += &format!(" {number}/{turn}");
    }
    text += if seen.reply { " reply" } else { "" };
    if let Some(connection) = seen.connection {
        text += &format!(" {} of {connection}", seen.flags);
    }
    if let Some(outer) = &seen.outer {
        text += &format!(" in {} {}:{} vni {}", outer.source, outer.destination, outer.port, outer.vni);
    }
    if let Some(error) = &seen.error {
        text += &format!(" error {} {} {}/{} mtu {}", error.from, error.to, error.kind, error.code, error.mtu);
    }
    text
}

#[test]
fn packets_of_a_trace_are_known_wherever_they_are_in() {
    let ours = payload::build(NONCE, 8, 0, 22);
    let table: &[(Vec<u8>, &str)] = &[
        (echo(false), "Echo 10.100.1.2:0 10.100.2.3:0 84 bytes 7/2"),
        (echo(true), "Echo 10.100.2.3:0 10.100.1.2:0 84 bytes 7/2 reply"),
        (udp(40001, 53, &ours), "Udp 10.100.1.2:40001 10.100.2.3:53 50 bytes 8/0"),
        // After address translation.
        (udp(1024, 53, &ours), "Udp 10.100.1.2:1024 10.100.2.3:53 50 bytes 8/0"),
        // The answer of a real service.
        (udp(53, 40001, b"answer"), "Udp 10.100.1.2:53 10.100.2.3:40001 34 bytes"),
        (tcp((40002, 443), 9, None, true, false), "Tcp 10.100.1.2:40002 10.100.2.3:443 40 bytes S of 9"),
        (tcp((5123, 6443), 9, None, true, false), "Tcp 10.100.1.2:5123 10.100.2.3:6443 40 bytes S of 9"),
        (tcp((443, 40002), 70, Some(10), true, false), "Tcp 10.100.1.2:443 10.100.2.3:40002 40 bytes SA of 9"),
        (tcp((443, 40002), 0, Some(10), false, true), "Tcp 10.100.1.2:443 10.100.2.3:40002 40 bytes RA of 9"),
        (tcp((40002, 443), 10, Some(71), false, true), "Tcp 10.100.1.2:40002 10.100.2.3:443 40 bytes RA of 9"),
        (vxlan(8472, &echo(false)), "Echo 10.100.1.2:0 10.100.2.3:0 84 bytes 7/2 in 10.0.0.4 10.0.0.5:8472 vni 4097"),
        (error(3, 4, &echo(false), 99), "Echo 10.100.1.2:0 10.100.2.3:0 112 bytes 7/2 error 10.0.0.5 10.100.1.2 3/4 mtu 1300"),
        (error(3, 1, &echo(false), 28), "Echo 10.100.1.2:0 10.100.2.3:0 56 bytes error 10.0.0.5 10.100.1.2 3/1 mtu 0"),
        (error(11, 0, &udp(40001, 53, &ours), 28), "Udp 10.100.1.2:40001 10.100.2.3:53 56 bytes error 10.0.0.5 10.100.1.2 11/0 mtu 0"),
        (
            error(3, 3, &tcp((40002, 443), 9, None, true, false), 28),
            "Tcp 10.100.1.2:40002 10.100.2.3:443 56 bytes  of 9 error 10.0.0.5 10.100.1.2 3/3 mtu 0",
        ),
        (
            vxlan(4789, &error(3, 3, &udp(40001, 53, &ours), 50)),
            "Udp 10.100.1.2:40001 10.100.2.3:53 78 bytes 8/0 in 10.0.0.4 10.0.0.5:4789 vni 4097 error 10.0.0.5 10.100.1.2 3/3 mtu 0",
        ),
    ];
    for (bytes, expected) in table {
        assert_eq!(wanted().look(bytes).as_ref().map(line).as_deref(), Some(*expected));
    }
    assert!(wanted().is_own(&wanted().look(&table[5].0).unwrap()));
    assert!(!wanted().is_own(&wanted().look(&table[6].0).unwrap()));
}

#[test]
fn other_packets_and_parts_of_packets_are_left_alone() {
    let others = payload::build(1, 7, 2, 56);
    let mut foreign = Vec::new();
    PacketBuilder::ipv4(A, B, 64).icmpv4_echo_request(0xbeef, 2).write(&mut foreign, &others).unwrap();
    let mut later_fragment = udp(40001, 53, &payload::build(NONCE, 8, 0, 22));
    later_fragment[7] = 9;
    let table = [
        foreign.clone(),
        later_fragment,
        udp(1024, 53, &others),
        tcp((40002, 443), 10, Some(71), false, false),
        error(3, 1, &foreign, 99),
        error(3, 1, &udp(1024, 53, &others), 28),
        error(3, 1, &tcp((1024, 443), 9, None, true, false), 28),
        error(3, 1, &error(3, 1, &echo(false), 99), 99),
        vxlan(8472, &foreign),
        vxlan(1234, &echo(false)),
        b"E".to_vec(),
        Vec::new(),
    ];
    for bytes in &table {
        assert_eq!(wanted().look(bytes), None, "{bytes:02x?}");
    }
    for whole in [echo(false), vxlan(8472, &echo(false)), error(3, 4, &echo(false), 99), tcp((40002, 443), 9, None, true, false)] {
        for length in 0..whole.len() {
            let _ = wanted().look(&whole[..length]);
        }
    }
}
