use super::super::synth::{self, SYN, ethernet, ipv4, ipv6, station, tcp, udp, vehicle};
use super::{Datagram, LinkType, Transport, parse};

fn over_ipv6() -> Vec<u8> {
    ipv6(vehicle(), station(), 6, &tcp(vehicle(), station(), SYN, 7, 9, b"data"))
}

fn data<'a>(datagram: &Datagram<'a>) -> &'a [u8] {
    match datagram.transport {
        Transport::Udp(data) => data,
        Transport::Tcp(segment) => segment.data,
    }
}

#[test]
fn every_link_type_leads_to_the_same_segment() {
    let ip = over_ipv6();
    let vlan = [&[0, 5, 0x86, 0xdd][..], &ip].concat();
    let double = [&[0, 1, 0x81, 0, 0, 5, 0x86, 0xdd][..], &ip].concat();
    let mut sll = vec![0; 14];
    sll.extend([0x86, 0xdd]);
    let mut sll2 = vec![0x86, 0xdd];
    sll2.resize(20, 0);
    let cases = [
        (LinkType::Ethernet, ethernet(0x86dd, &ip)),
        (LinkType::Ethernet, ethernet(0x8100, &vlan)),
        (LinkType::Ethernet, ethernet(0x88a8, &double)),
        (LinkType::Ethernet, [ethernet(0x86dd, &ip), vec![0; 6]].concat()),
        (LinkType::Ip, ip.clone()),
        (LinkType::Loopback, [&[30, 0, 0, 0][..], &ip].concat()),
        (LinkType::LinuxCooked, [sll, ip.clone()].concat()),
        (LinkType::LinuxCooked2, [sll2, ip.clone()].concat()),
    ];
    for (link, packet) in cases {
        let datagram = parse(link, &packet).unwrap_or_else(|| panic!("{link:?}"));
        assert_eq!((datagram.source, datagram.destination), (vehicle(), station()));
        let Transport::Tcp(segment) = datagram.transport else { panic!("{link:?}") };
        assert_eq!((segment.sequence, segment.acknowledged, segment.data), (7, None, &b"data"[..]));
        assert!(segment.syn && !segment.fin && !segment.rst);
    }
    assert_eq!(parse(LinkType::Other(147), &ip), None);
}

#[test]
fn extension_headers_are_passed_over() {
    let inner = udp(vehicle(), station(), b"sdp");
    let options =
        [&[60, 0, 1, 4, 0, 0, 0, 0][..], &[44, 1], &[0; 14], &[17, 0, 0, 0, 0, 0, 0, 1], &inner].concat();
    let packet = ipv6(vehicle(), station(), 0, &options);
    assert_eq!(data(&parse(LinkType::Ip, &packet).unwrap()), b"sdp");

    let fragment = [&[17, 0, 0, 1, 0, 0, 0, 1][..], &inner].concat();
    assert_eq!(parse(LinkType::Ip, &ipv6(vehicle(), station(), 44, &fragment)), None);
}

#[test]
fn ipv4_with_options_and_padding() {
    let packet = ipv4(17, &udp(vehicle(), station(), b"sdp"));
    let padded = ethernet(0x0800, &[&packet[..], &[0; 9]].concat());
    let datagram = parse(LinkType::Ethernet, &padded).unwrap();
    assert_eq!(datagram.source.to_string(), "10.0.0.1:50001");
    assert_eq!(data(&datagram), b"sdp");
    let mut fragment = packet.clone();
    fragment[6] = 0x20;
    assert_eq!(parse(LinkType::Ip, &fragment), None);
}

#[test]
fn what_was_not_captured_is_missing_from_the_data_only() {
    let packet = synth::segment(vehicle(), station(), 0, 1, 0, &[5; 100]);
    let datagram = parse(LinkType::Ethernet, &packet[..packet.len() - 60]).unwrap();
    assert_eq!(data(&datagram), [5; 40]);
}

proptest::proptest! {
    #[test]
    fn damaged_packets_are_survived(at in 0usize..200, value: u8, keep in 0usize..200) {
        let mut packet = ethernet(0x86dd, &over_ipv6());
        let at = at % packet.len();
        packet[at] = value;
        let keep = keep % (packet.len() + 1);
        if let Some(datagram) = parse(LinkType::Ethernet, &packet[..keep]) {
            proptest::prop_assert!(data(&datagram).len() <= keep);
        }
    }

    #[test]
    fn any_bytes_are_survived(bytes: Vec<u8>, link in 0u32..300) {
        let _ = parse(link.into(), &bytes);
    }
}
