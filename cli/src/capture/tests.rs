use std::time::Duration;

use v2gtp::PayloadType;

use super::synth::{self, ACK, RST, SYN, ethernet, ipv6, segment, station, udp, v2gtp, vehicle};
use super::{Capture, Content, FileError, Item, Note, Sender};

fn items(packets: &[Vec<u8>]) -> Vec<Item> {
    Capture::new(&synth::pcap(1, packets)[..]).unwrap().map(Result::unwrap).collect()
}

fn brief(items: &[Item]) -> Vec<(u64, Sender, String)> {
    let text = |content: &Content| match content {
        Content::Message { payload_type, payload } => format!("{payload_type} {payload:02x?}"),
        Content::HomePlug(frame) => format!("{} bytes of HomePlug", frame.len()),
        Content::Certificates(found) => format!("{} certificates", found.chain.len()),
        Content::Note(note) => note.to_string(),
    };
    items.iter().map(|i| (i.frame, i.flow.sender, text(&i.content))).collect()
}

fn up(sequence: u32, data: &[u8]) -> Vec<u8> {
    segment(vehicle(), station(), ACK, sequence, 0, data)
}

fn down(sequence: u32, ack: u32, data: &[u8]) -> Vec<u8> {
    segment(station(), vehicle(), ACK, sequence, ack, data)
}

#[test]
fn homeplug_frames_say_who_sends_them() {
    let tagged = |payload: &[u8]| ethernet(0x8100, &[&[0, 1, 0x88, 0xe1][..], payload].concat());
    let found = items(&[
        ethernet(0x88e1, &[1, 0x64, 0x60, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]),
        tagged(&[1, 0x65, 0x60, 0, 0]),
        ethernet(0x88e1, &[0, 0xb8, 0xa0]),
        ethernet(0x88e1, &[9]),
    ]);
    let expected = [
        (1, Sender::Vehicle, "29 bytes of HomePlug"),
        (2, Sender::Station, "23 bytes of HomePlug"),
        (3, Sender::Unknown, "17 bytes of HomePlug"),
        (4, Sender::Unknown, "15 bytes of HomePlug"),
    ];
    assert_eq!(brief(&found), expected.map(|(frame, sender, text)| (frame, sender, text.to_owned())));
}

#[test]
fn a_session_with_discovery() {
    let sdp = |from, to, data: &[u8]| ethernet(0x86dd, &ipv6(from, to, 17, &udp(from, to, data)));
    let all_nodes = "[ff02::1]:15118".parse().unwrap();
    let answering = "[fe80::5]:15118".parse().unwrap();
    let answer = "fe80::5".parse::<std::net::Ipv6Addr>().unwrap().octets();
    let answer = [&answer[..], &61001u16.to_be_bytes(), &[0x10, 0]].concat();
    let found = items(&[
        sdp(vehicle(), all_nodes, &v2gtp(0x9000, &[0x10, 0])),
        sdp(answering, vehicle(), &v2gtp(0x9001, &answer)),
        segment(vehicle(), station(), SYN, 10, 0, &[]),
        segment(station(), vehicle(), SYN | ACK, 90, 11, &[]),
        up(11, &v2gtp(0x8001, &[0x80, 1])),
        down(91, 21, &v2gtp(0x8001, &[0x80, 2])),
    ]);
    let expected = [
        (1, Sender::Vehicle, "0x9000 [10, 00]"),
        (
            2,
            Sender::Station,
            "0x9001 [fe, 80, 00, 00, 00, 00, 00, 00, 00, 00, 00, 00, 00, 00, 00, 05, ee, 49, 10, 00]",
        ),
        (5, Sender::Vehicle, "0x8001 [80, 01]"),
        (6, Sender::Station, "0x8001 [80, 02]"),
    ];
    assert_eq!(brief(&found), expected.map(|(f, s, t)| (f, s, t.to_owned())));
    assert_eq!(found[3].time, Duration::from_millis(5));
    assert_eq!((found[3].flow.source, found[3].flow.destination), (station(), vehicle()));
}

#[test]
fn a_capture_that_starts_midway_knows_the_sides_from_discovery_only() {
    let found = items(&[
        up(500, &[2, 0x3c, 0x80]),
        up(503, &v2gtp(0x8002, &[0x80, 1])),
        down(900, 513, &v2gtp(0x8002, &[0x80, 2])),
    ]);
    let expected = [
        (2, Sender::Unknown, "3 bytes without a V2GTP header passed over"),
        (2, Sender::Unknown, "0x8002 [80, 01]"),
        (3, Sender::Unknown, "0x8002 [80, 02]"),
    ];
    assert_eq!(brief(&found), expected.map(|(f, s, t)| (f, s, t.to_owned())));
}

#[test]
fn a_lost_packet_is_told_when_the_other_side_confirms_it() {
    let message = v2gtp(0x8002, &[0x80, 1]);
    let found = items(&[
        segment(vehicle(), station(), SYN, 0, 0, &[]),
        up(1, &message),
        up(21, &message),
        down(0, 31, &message),
    ]);
    let expected = [
        (2, Sender::Vehicle, "0x8002 [80, 01]"),
        (3, Sender::Vehicle, "10 bytes are missing from the capture"),
        (3, Sender::Vehicle, "0x8002 [80, 01]"),
        (4, Sender::Station, "0x8002 [80, 01]"),
    ];
    assert_eq!(brief(&found), expected.map(|(f, s, t)| (f, s, t.to_owned())));
}

#[test]
fn the_same_ports_can_serve_one_session_after_the_other() {
    let message = v2gtp(0x8002, &[0x80, 1]);
    let found = items(&[
        segment(vehicle(), station(), SYN, 0, 0, &[]),
        up(1, &message[..9]),
        segment(vehicle(), station(), RST, 10, 0, &[]),
        segment(vehicle(), station(), SYN, 7000, 0, &[]),
        up(7001, &message),
    ]);
    let expected = [(2, "a message breaks off after 1 of 2 bytes"), (5, "0x8002 [80, 01]")];
    assert_eq!(brief(&found), expected.map(|(f, t)| (f, Sender::Vehicle, t.to_owned())));
}

#[test]
fn tls_is_named_once_and_summed_up_at_its_end() {
    let found = items(&[
        segment(vehicle(), station(), SYN, 0, 0, &[]),
        up(1, &[22, 3, 1, 0, 1, 1]),
        down(1, 7, &[22, 3, 3, 0, 1, 2]),
        down(7, 7, &[23, 3, 3, 0, 1, 2]),
    ]);
    let texts = [
        (2, "encrypted with TLS"),
        (4, "end of the TLS connection: 2 handshake, 1 application data, 0 alert records, 1 not decoded"),
    ];
    assert_eq!(brief(&found), texts.map(|(f, t)| (f, Sender::Vehicle, t.to_owned())));
}

#[test]
fn a_bad_datagram_on_the_sdp_port_is_a_note() {
    let to = "[ff02::1]:15118".parse().unwrap();
    let found = items(&[ethernet(0x86dd, &ipv6(vehicle(), to, 17, &udp(vehicle(), to, &[1, 0xfe, 0x90])))]);
    assert!(matches!(found[0].content, Content::Note(Note::BadDatagram(_))), "{found:?}");
}

#[test]
fn an_error_in_the_file_comes_after_what_was_complete() {
    let packets =
        [segment(vehicle(), station(), SYN, 0, 0, &[]), up(1, &v2gtp(0x8001, &[0x80])), up(10, &[1])];
    let file = synth::pcap(1, &packets);
    let found: Vec<_> = Capture::new(&file[..file.len() - 1]).unwrap().collect();
    let Content::Message { payload_type, .. } = &found[0].as_ref().unwrap().content else {
        panic!("{found:?}")
    };
    assert_eq!(*payload_type, PayloadType::SapOrLegacy);
    assert!(matches!(found[1], Err(FileError::CutShort { .. })), "{found:?}");
    assert_eq!(found.len(), 2);
}

#[test]
fn many_connections_end_the_silent_ones_first() {
    let from = |port: u16| std::net::SocketAddr::new(vehicle().ip(), port);
    let packets: Vec<_> = (0..300).map(|i| segment(from(1000 + i), station(), 0, 0, 0, b"x")).collect();
    let found = items(&packets);
    assert_eq!(found.len(), 300);
    assert!(found.iter().zip(1..).all(|(item, frame)| item.frame == frame));
}

proptest::proptest! {
    #[test]
    fn damaged_captures_are_survived(at in 0usize..2000, value: u8) {
        let message = v2gtp(0x8002, &[0x80, 1]);
        let mut file = synth::pcap(1, &[segment(vehicle(), station(), SYN, 0, 0, &[]), up(1, &message), down(1, 11, &message), up(21, &message)]);
        let at = at % file.len();
        file[at] = value;
        if let Ok(capture) = Capture::new(&file[..]) {
            proptest::prop_assert!(capture.count() < 20);
        }
    }
}
