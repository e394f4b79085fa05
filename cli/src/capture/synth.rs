//! Captures made up for tests, layer by layer.

use std::net::{Ipv6Addr, SocketAddr};

pub(super) const SYN: u8 = 0x02;
pub(super) const ACK: u8 = 0x10;
pub(super) const RST: u8 = 0x04;

/// A vehicle's socket.
pub(super) fn vehicle() -> SocketAddr {
    "[fe80::e]:50001".parse().unwrap()
}

/// A station's socket.
pub(super) fn station() -> SocketAddr {
    "[fe80::5]:61001".parse().unwrap()
}

fn v6(socket: SocketAddr) -> Ipv6Addr {
    match socket {
        SocketAddr::V6(v6) => *v6.ip(),
        SocketAddr::V4(v4) => v4.ip().to_ipv6_mapped(),
    }
}

/// TCP header and data.
pub(super) fn tcp(
    from: SocketAddr,
    to: SocketAddr,
    flags: u8,
    sequence: u32,
    ack: u32,
    data: &[u8],
) -> Vec<u8> {
    let mut out = [from.port().to_be_bytes(), to.port().to_be_bytes()].concat();
    out.extend(sequence.to_be_bytes());
    out.extend(ack.to_be_bytes());
    // Header of six words: one more than the least, for an option.
    out.extend([0x60, flags, 0xff, 0xff, 0, 0, 0, 0, 1, 1, 1, 0]);
    out.extend(data);
    out
}

/// UDP header and data.
pub(super) fn udp(from: SocketAddr, to: SocketAddr, data: &[u8]) -> Vec<u8> {
    let length = 8 + data.len() as u16;
    [&from.port().to_be_bytes()[..], &to.port().to_be_bytes(), &length.to_be_bytes(), &[0, 0], data].concat()
}

/// IPv6 header, `next` naming what `payload` starts with.
pub(super) fn ipv6(from: SocketAddr, to: SocketAddr, next: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u16).to_be_bytes();
    let mut out = vec![0x60, 0, 0, 0, length[0], length[1], next, 64];
    out.extend(v6(from).octets());
    out.extend(v6(to).octets());
    out.extend(payload);
    out
}

/// IPv4 header with one word of options, addresses 10.0.0.1 to 10.0.0.2.
pub(super) fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let total = (24 + payload.len() as u16).to_be_bytes();
    let mut out = vec![0x46, 0, total[0], total[1], 0, 0, 0x40, 0, 64, protocol, 0, 0];
    out.extend([10, 0, 0, 1, 10, 0, 0, 2, 1, 1, 1, 0]);
    out.extend(payload);
    out
}

/// Ethernet header.
pub(super) fn ethernet(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2][..], &ethertype.to_be_bytes(), payload].concat()
}

/// A TCP segment over IPv6 and Ethernet.
pub(super) fn segment(
    from: SocketAddr,
    to: SocketAddr,
    flags: u8,
    sequence: u32,
    ack: u32,
    data: &[u8],
) -> Vec<u8> {
    ethernet(0x86dd, &ipv6(from, to, 6, &tcp(from, to, flags, sequence, ack, data)))
}

/// A V2GTP message.
pub(super) fn v2gtp(payload_type: u16, payload: &[u8]) -> Vec<u8> {
    let length = payload.len() as u32;
    [&[1, 0xfe][..], &payload_type.to_be_bytes(), &length.to_be_bytes(), payload].concat()
}

/// A little-endian `pcap` file with one packet each millisecond.
pub(super) fn pcap(link: u32, packets: &[Vec<u8>]) -> Vec<u8> {
    let mut out = 0xa1b2_c3d4_u32.to_le_bytes().to_vec();
    out.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0]);
    out.extend(link.to_le_bytes());
    for (i, packet) in packets.iter().enumerate() {
        let length = packet.len() as u32;
        for field in [1_700_000_000, i as u32 * 1000, length, length] {
            out.extend(field.to_le_bytes());
        }
        out.extend(packet);
    }
    out
}

/// A block of `pcapng` around a content.
fn block(kind: u32, content: &[u8]) -> Vec<u8> {
    let padded = content.len().next_multiple_of(4);
    let length = (12 + padded) as u32;
    let mut out = [kind.to_le_bytes(), length.to_le_bytes()].concat();
    out.extend(content);
    out.resize(8 + padded, 0);
    out.extend(length.to_le_bytes());
    out
}

/// A little-endian `pcapng` file of Ethernet packets, with lines of a TLS key log before them.
pub(super) fn pcapng(key_log: &[u8], packets: &[Vec<u8>]) -> Vec<u8> {
    let section = [&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat();
    let mut out = block(0x0a0d_0d0a, &section);
    out.extend(block(1, &[1, 0, 0, 0, 0, 0, 4, 0]));
    let secrets = [&0x544c_534b_u32.to_le_bytes()[..], &(key_log.len() as u32).to_le_bytes(), key_log];
    out.extend(block(10, &secrets.concat()));
    for (index, packet) in packets.iter().enumerate() {
        let length = (packet.len() as u32).to_le_bytes();
        let time = (index as u32 * 1000).to_le_bytes();
        let head = [[0; 4], [0; 4], time, length, length].concat();
        out.extend(block(6, &[&head[..], packet].concat()));
    }
    out
}
