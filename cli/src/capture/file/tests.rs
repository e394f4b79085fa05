use std::time::Duration;

use super::super::synth;
use super::{FileError, LinkType, Packets, recognises};

type Read = (u64, Duration, LinkType, Vec<u8>);

fn read(file: &[u8]) -> (Vec<Read>, Option<FileError>) {
    let mut packets = match Packets::new(file) {
        Ok(packets) => packets,
        Err(error) => return (Vec::new(), Some(error)),
    };
    let mut all = Vec::new();
    loop {
        match packets.next(&mut Vec::new()) {
            Ok(Some(p)) => all.push((p.number, p.time, p.link, p.data.to_vec())),
            Ok(None) => return (all, None),
            Err(error) => return (all, Some(error)),
        }
    }
}

/// A block of pcapng in big-endian order.
fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let length = (12 + body.len().next_multiple_of(4)) as u32;
    let padding = vec![0; body.len().next_multiple_of(4) - body.len()];
    [&kind.to_be_bytes()[..], &length.to_be_bytes(), body, &padding, &length.to_be_bytes()].concat()
}

fn section() -> Vec<u8> {
    block(0x0a0d_0d0a, &[&[0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0][..], &[0xff; 8]].concat())
}

fn interface(link: u16, options: &[u8]) -> Vec<u8> {
    block(1, &[&link.to_be_bytes()[..], &[0, 0, 0, 0, 0, 0], options].concat())
}

fn enhanced(interface: u32, stamp: u64, data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u32).to_be_bytes();
    block(6, &[&interface.to_be_bytes()[..], &stamp.to_be_bytes(), &length, &length, data].concat())
}

#[test]
fn pcap_in_both_byte_orders_and_resolutions() {
    let little = synth::pcap(101, &[vec![0x60, 1, 2], vec![0x60]]);
    let (packets, error) = read(&little);
    assert!(error.is_none());
    let second = (2, Duration::new(1_700_000_000, 1_000_000), LinkType::Ip, vec![0x60]);
    assert_eq!(packets[1], second);

    let big: Vec<u8> = [
        &[0xa1, 0xb2, 0x3c, 0x4d, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0xf0, 0, 0, 113][..],
        &[0, 0, 0, 7, 0, 0, 0, 9, 0, 0, 0, 2, 0, 0, 0, 50, 0xaa, 0xbb],
    ]
    .concat();
    let (packets, error) = read(&big);
    assert!(error.is_none());
    assert_eq!(packets, [(1, Duration::new(7, 9), LinkType::LinuxCooked, vec![0xaa, 0xbb])]);
}

#[test]
fn pcapng_with_several_interfaces_clocks_and_sections() {
    let nanoseconds = [0, 9, 0, 1, 9, 0, 0, 0, 0, 14, 0, 8, 0, 0, 0, 0, 0, 0, 0, 100, 0, 0, 0, 0];
    let binary = [0, 9, 0, 1, 0x8a, 0, 0, 0];
    let file = [
        section(),
        interface(1, &[]),
        interface(276, &nanoseconds),
        interface(0, &binary),
        block(0x0bad, &[0; 100]),
        enhanced(1, 5_000_000_001, &[1]),
        enhanced(0, 1_500_000, &[2, 3, 4, 5, 6]),
        enhanced(2, 512, &[7]),
        section(),
        interface(101, &[]),
        block(3, &[0, 0, 0, 3, 8, 9, 10]),
    ]
    .concat();
    let (packets, error) = read(&file);
    assert!(error.is_none());
    let expected = [
        (1, Duration::new(105, 1), LinkType::LinuxCooked2, vec![1]),
        (2, Duration::from_millis(1500), LinkType::Ethernet, vec![2, 3, 4, 5, 6]),
        (3, Duration::from_millis(500), LinkType::Loopback, vec![7]),
        (4, Duration::ZERO, LinkType::Ip, vec![8, 9, 10]),
    ];
    assert_eq!(packets, expected);
}

#[test]
fn a_file_that_was_cut_yields_its_whole_packets_first() {
    let file = synth::pcap(1, &[vec![1; 20], vec![2; 20]]);
    let (packets, error) = read(&file[..file.len() - 1]);
    assert_eq!(packets.len(), 1);
    assert!(matches!(error, Some(FileError::CutShort { offset: 60 })), "{error:?}");
}

#[test]
fn hostile_lengths_are_refused_with_their_place() {
    let mut file = synth::pcap(1, &[vec![1; 20]]);
    file[32..36].copy_from_slice(&0xffff_ffff_u32.to_le_bytes());
    assert!(matches!(read(&file).1, Some(FileError::Damaged { offset: 24, .. })));

    let start = section().len() as u64;
    for (body, what) in [
        (&[0, 0, 0, 6, 0xff, 0xff, 0xff, 0xfc][..], "longer than any packet"),
        (&[0, 0, 0, 6, 0, 0, 0, 8], "impossible length"),
        (&[0, 0, 0, 6, 0, 0, 0, 13], "impossible length"),
    ] {
        let error = read(&[&section()[..], body].concat()).1.unwrap();
        assert!(matches!(error, FileError::Damaged { offset, .. } if offset == start), "{error:?}");
        assert!(error.to_string().contains(what), "{error}");
    }
    let stray = [section(), enhanced(0, 0, &[1])].concat();
    assert!(read(&stray).1.unwrap().to_string().contains("not described"));
    let mut liar = enhanced(0, 0, &[1, 2, 3, 4]);
    liar[23] = 200;
    let error = read(&[section(), interface(1, &[]), liar].concat()).1.unwrap();
    assert!(error.to_string().contains("too short"), "{error}");
}

#[test]
fn other_files_are_no_captures() {
    for bytes in [&b""[..], b"\n\r", b"hello, world", &[0x80, 0, 0xf3, 0xab]] {
        assert!(!recognises(bytes));
        assert!(matches!(Packets::new(bytes), Err(FileError::Format)));
    }
}

proptest::proptest! {
    #[test]
    fn damaged_files_end_in_an_error_or_in_packets(at in 0usize..400, value: u8, cut in 0usize..400) {
        let mut file = [section(), interface(1, &[0, 9, 0, 1, 9, 0, 0, 0]), enhanced(0, 77, &[9; 99]), enhanced(0, 78, &[8; 50])].concat();
        let at = at % file.len();
        file[at] = value;
        file.truncate(file.len() - cut % file.len());
        let (packets, _) = read(&file);
        proptest::prop_assert!(packets.iter().all(|p| p.3.len() <= file.len()));
    }
}
