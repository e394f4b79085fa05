//! From a captured packet to what UDP or TCP carried: link layer, VLAN tags, IP and its extension headers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::file::LinkType;

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
/// 802.1Q, 802.1ad and the older double tag.
const ETHERTYPES_VLAN: [u16; 3] = [0x8100, 0x88a8, 0x9100];
const PROTOCOL_TCP: u8 = 6;
const PROTOCOL_UDP: u8 = 17;

/// What one packet carried from one socket to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Datagram<'a> {
    pub(crate) source: SocketAddr,
    pub(crate) destination: SocketAddr,
    pub(crate) transport: Transport<'a>,
}

/// The protocol above IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport<'a> {
    Udp(&'a [u8]),
    Tcp(Segment<'a>),
}

/// One TCP segment, as far as reassembly needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment<'a> {
    pub(crate) sequence: u32,
    /// What the sender has received, if it says so.
    pub(crate) acknowledged: Option<u32>,
    pub(crate) syn: bool,
    pub(crate) fin: bool,
    pub(crate) rst: bool,
    pub(crate) data: &'a [u8],
}

/// The frame, if it is one of HomePlug on Ethernet.
pub(crate) fn homeplug(link: LinkType, packet: &[u8]) -> Option<&[u8]> {
    let mut at = 12;
    while ETHERTYPES_VLAN.contains(&u16_at(packet, at)?) {
        at += 4;
    }
    (link == LinkType::Ethernet && u16_at(packet, at)? == v2g_slac::ETHERTYPE).then_some(packet)
}

/// `None` for whatever is neither UDP nor TCP over IP, or too damaged to tell.
pub(crate) fn parse(link: LinkType, packet: &[u8]) -> Option<Datagram<'_>> {
    match link {
        LinkType::Ethernet => ethernet(packet),
        LinkType::Ip => ip(packet),
        LinkType::Loopback => ip(packet.get(4..)?),
        LinkType::LinuxCooked => by_ethertype(u16_at(packet, 14)?, packet.get(16..)?),
        LinkType::LinuxCooked2 => by_ethertype(u16_at(packet, 0)?, packet.get(20..)?),
        LinkType::Other(_) => None,
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().copied().map(u16::from_be_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_be_bytes)
}

fn ethernet(packet: &[u8]) -> Option<Datagram<'_>> {
    by_ethertype(u16_at(packet, 12)?, packet.get(14..)?)
}

fn by_ethertype(mut ethertype: u16, mut rest: &[u8]) -> Option<Datagram<'_>> {
    while ETHERTYPES_VLAN.contains(&ethertype) {
        ethertype = u16_at(rest, 2)?;
        rest = rest.get(4..)?;
    }
    match ethertype {
        ETHERTYPE_IPV4 => ipv4(rest),
        ETHERTYPE_IPV6 => ipv6(rest),
        _ => None,
    }
}

fn ip(packet: &[u8]) -> Option<Datagram<'_>> {
    match packet.first()? >> 4 {
        4 => ipv4(packet),
        6 => ipv6(packet),
        _ => None,
    }
}

/// At most `length` bytes: what follows is padding of the link; what is missing was not captured.
fn cut(bytes: &[u8], length: usize) -> &[u8] {
    &bytes[..length.min(bytes.len())]
}

fn ipv4(packet: &[u8]) -> Option<Datagram<'_>> {
    let header = usize::from(packet.first()? & 0x0f) * 4;
    let total = usize::from(u16_at(packet, 2)?);
    // Segmentation in the network card leaves the length to be filled in later.
    let packet = if total == 0 { packet } else { cut(packet, total) };
    let fragment = u16_at(packet, 6)? & 0x3fff;
    if header < 20 || fragment != 0 {
        return None;
    }
    let address = |at: usize| u32_at(packet, at).map(|a| IpAddr::V4(Ipv4Addr::from(a)));
    transport(*packet.get(9)?, address(12)?, address(16)?, packet.get(header..)?)
}

fn ipv6(packet: &[u8]) -> Option<Datagram<'_>> {
    let payload = usize::from(u16_at(packet, 4)?);
    let packet = if payload == 0 { packet } else { cut(packet, 40 + payload) };
    let address = |at: usize| {
        let bytes: [u8; 16] = packet.get(at..)?.first_chunk().copied()?;
        Some(IpAddr::V6(Ipv6Addr::from(bytes)))
    };
    let (source, destination) = (address(8)?, address(24)?);
    let (mut next, mut rest) = (*packet.get(6)?, packet.get(40..)?);
    loop {
        match next {
            // Hop-by-hop, routing, destination options, mobility, host identity, shim6: length in units of 8 bytes.
            0 | 43 | 60 | 135 | 139 | 140 => {
                next = *rest.first()?;
                rest = rest.get((usize::from(*rest.get(1)?) + 1) * 8..)?;
            }
            // A fragment: only one that is whole can be read alone.
            44 => {
                next = *rest.first()?;
                if u16_at(rest, 2)? & 0xfff9 != 0 {
                    return None;
                }
                rest = rest.get(8..)?;
            }
            // Authentication header: length in units of 4 bytes.
            51 => {
                next = *rest.first()?;
                rest = rest.get((usize::from(*rest.get(1)?) + 2) * 4..)?;
            }
            _ => return transport(next, source, destination, rest),
        }
    }
}

fn transport(protocol: u8, source: IpAddr, destination: IpAddr, packet: &[u8]) -> Option<Datagram<'_>> {
    let source = SocketAddr::new(source, u16_at(packet, 0)?);
    let destination = SocketAddr::new(destination, u16_at(packet, 2)?);
    let transport = match protocol {
        PROTOCOL_UDP => {
            let length = usize::from(u16_at(packet, 4)?);
            let data = packet.get(8..)?;
            Transport::Udp(if length == 0 { data } else { cut(data, length.checked_sub(8)?) })
        }
        PROTOCOL_TCP => Transport::Tcp(segment(packet)?),
        _ => return None,
    };
    Some(Datagram { source, destination, transport })
}

fn segment(packet: &[u8]) -> Option<Segment<'_>> {
    let header = usize::from(packet.get(12)? >> 4) * 4;
    if header < 20 {
        return None;
    }
    let flags = *packet.get(13)?;
    Some(Segment {
        sequence: u32_at(packet, 4)?,
        acknowledged: if flags & 0x10 == 0 { None } else { Some(u32_at(packet, 8)?) },
        syn: flags & 0x02 != 0,
        fin: flags & 0x01 != 0,
        rst: flags & 0x04 != 0,
        data: packet.get(header..)?,
    })
}

#[cfg(test)]
mod tests;
