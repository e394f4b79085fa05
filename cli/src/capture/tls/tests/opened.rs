//! Sessions whose secrets are known: made by rustls, and by hand for what rustls does not do.

use std::fmt::Write as _;
use std::net::Ipv6Addr;

use v2g_pki::{Edition, Policy};
use v2g_tls::{KeyLogFile, Link, Phase, Profile};

use super::super::cipher::{Keys, Suite};
use super::{record, server_hello};
use crate::capture::synth::{self, ACK, SYN, ethernet, ipv6, segment, station, udp, v2gtp, vehicle};
use crate::capture::{Capture, Content, Item, Note, Sender};
use crate::credentials::{self, Holds, Keyring, Made};

/// Segments of a connection.
struct Wire {
    packets: Vec<Vec<u8>>,
    next: [u32; 2],
    size: usize,
}

impl Wire {
    fn new(size: usize) -> Self {
        let packets = vec![
            segment(vehicle(), station(), SYN, 0, 0, b""),
            segment(station(), vehicle(), SYN | ACK, 0, 1, b""),
        ];
        Self { packets, next: [1, 1], size }
    }

    /// Bytes of the vehicle (0) or the station (1).
    fn sent(&mut self, from: usize, bytes: &[u8]) {
        let (source, destination) = if from == 0 { (vehicle(), station()) } else { (station(), vehicle()) };
        for piece in bytes.chunks(self.size) {
            let ack = self.next[1 - from];
            self.packets.push(segment(source, destination, ACK, self.next[from], ack, piece));
            self.next[from] += piece.len() as u32;
        }
    }
}

const MESSAGE: &[u8] = &[0x80, 0x04, 0x1c];

/// A session of our own ends, and the lines of its key log.
fn session(size: usize) -> (Wire, Vec<u8>) {
    let path = std::env::temp_dir().join(format!("v2g-opened-{}-{size}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let key_log = Some(std::sync::Arc::new(KeyLogFile::open(&path).unwrap()));
    let made = Made::new(3, None, Policy::new(Edition::Y2022)).unwrap();
    let tls = credentials::Link { profile: Profile::V2g20, key_log };
    let ring = Keyring::memory();
    let server = made.station(&ring).unwrap();
    let client = made.vehicle(Holds::Nothing, &ring).unwrap();
    let mut near = client.tls(&tls).unwrap().link(Ipv6Addr::LOCALHOST.into()).unwrap();
    let mut far = server.tls(&credentials::Link { key_log: None, ..tls }).unwrap().link(None).unwrap();
    let mut wire = Wire::new(size);
    exchange(&mut wire, &mut near, &mut far);
    assert_eq!((near.phase(), far.phase()), (Phase::Open, Phase::Open));
    for _ in 0..2 {
        near.write(&v2gtp(0x8002, MESSAGE));
        exchange(&mut wire, &mut near, &mut far);
        far.write(&v2gtp(0x8004, &[MESSAGE, &[9; 300]].concat()));
        exchange(&mut wire, &mut near, &mut far);
    }
    near.close();
    exchange(&mut wire, &mut near, &mut far);
    let lines = std::fs::read(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    (wire, lines)
}

fn exchange(wire: &mut Wire, near: &mut Link, far: &mut Link) {
    let mut out = [0; 16 * 1024];
    while near.wants_transmit() || far.wants_transmit() {
        let sent = near.poll_transmit(&mut out);
        wire.sent(0, &out[..sent]);
        far.handle_input(&mut &out[..sent]).unwrap();
        let sent = far.poll_transmit(&mut out);
        wire.sent(1, &out[..sent]);
        near.handle_input(&mut &out[..sent]).unwrap();
    }
}

fn read(file: &[u8], lines: &[u8]) -> Vec<Item> {
    let mut capture = Capture::new(file).unwrap();
    capture.learn(lines);
    capture.map(Result::unwrap).collect()
}

fn messages(items: &[Item]) -> Vec<(Sender, usize)> {
    let messages = items.iter().filter_map(|item| match &item.content {
        Content::Message { payload, .. } => Some((item.flow.sender, payload.len())),
        _ => None,
    });
    messages.collect()
}

fn notes(items: &[Item]) -> Vec<String> {
    let notes = items.iter().filter_map(|item| match &item.content {
        Content::Note(note) => Some(note.to_string()),
        _ => None,
    });
    notes.collect()
}

const CARRIED: [(Sender, usize); 4] =
    [(Sender::Vehicle, 3), (Sender::Station, 303), (Sender::Vehicle, 3), (Sender::Station, 303)];

#[test]
fn a_session_is_opened_with_secrets_from_anywhere() {
    for size in [1400, 7] {
        let (wire, lines) = session(size);
        let told = |line: &[u8]| {
            let [from, to] = ["[fe80::7]:52345", "[ff02::1]:52345"].map(|text| text.parse().unwrap());
            ethernet(0x86dd, &ipv6(from, to, 17, &udp(from, to, line)))
        };
        let datagrams: Vec<Vec<u8>> = lines.split(|octet| *octet == b'\n').map(told).collect();
        let late = [&wire.packets[..], &datagrams].concat();
        let early = [&datagrams[..], &wire.packets].concat();
        for (items, from) in [
            (read(&synth::pcap(1, &wire.packets), &lines), "a key log"),
            (read(&synth::pcapng(&lines, &wire.packets), b""), "the capture"),
            (read(&synth::pcap(1, &early), b""), "datagrams before"),
            (read(&synth::pcap(1, &late), b""), "datagrams after"),
        ] {
            assert_eq!(messages(&items), CARRIED, "{from}, {size}");
            let [encrypted, opened, end] = &notes(&items)[..] else { panic!("{from}: {:?}", notes(&items)) };
            assert_eq!(encrypted, "encrypted with TLS");
            assert_eq!(opened, "TLS 1.3 opened, TLS_AES_256_GCM_SHA384");
            assert!(end.starts_with("end of the TLS connection (TLS 1.3)") && !end.contains("not decoded"));
            let chains: Vec<_> = items
                .iter()
                .filter_map(|item| match &item.content {
                    Content::Certificates(found) => {
                        Some((item.flow.sender, found.chain.len(), found.staples.len()))
                    }
                    _ => None,
                })
                .collect();
            assert_eq!(chains, [(Sender::Station, 3, 1), (Sender::Vehicle, 3, 0)], "{from}");
        }
    }
}

#[test]
fn without_the_right_secrets_records_are_counted() {
    let (wire, lines) = session(1000);
    let file = synth::pcap(1, &wire.packets);
    let wrong: String = String::from_utf8(lines.clone()).unwrap().replace('a', "b");
    for lines in [&b""[..], b"nonsense\n", wrong.as_bytes()] {
        let items = read(&file, lines);
        assert_eq!(messages(&items), []);
        let Some(Content::Note(Note::EncryptedEnd { unopened, records, .. })) =
            items.last().map(|i| &i.content)
        else {
            panic!("{items:?}")
        };
        assert_eq!(*unopened, records.application_data);
    }
    // Those of the handshake may be kept back: what it carried is not shown then, and the rest is.
    let some: Vec<&str> =
        std::str::from_utf8(&lines).unwrap().lines().filter(|line| !line.contains("HANDSHAKE")).collect();
    let items = read(&file, some.join("\n").as_bytes());
    assert_eq!(messages(&items), CARRIED);
    assert!(!items.iter().any(|item| matches!(item.content, Content::Certificates(_))));
}

/// The writers of a session that is made by hand.
struct Hand {
    wire: Wire,
    lines: String,
    keys: [Keys; 2],
}

const SUITES: [(u16, Suite, usize); 5] = [
    (0x1301, Suite::Aes128Gcm, 32),
    (0x1302, Suite::Aes256Gcm, 48),
    (0x1303, Suite::ChaCha20Poly1305, 32),
    (0x1304, Suite::Aes128Ccm, 32),
    (0x1305, Suite::Aes128Ccm8, 32),
];

impl Hand {
    /// A handshake, after a retry, with nothing in it but what a reader needs.
    fn new(number: u16, suite: Suite, length: usize) -> Self {
        let mut wire = Wire::new(100);
        let hello = [&[1, 0, 0, 34, 3, 3][..], &[0x5a; 32]].concat();
        let mut answer = server_hello(&[0, 43, 0, 2, 3, 4]);
        answer[41..43].copy_from_slice(&number.to_be_bytes());
        let body = (answer.len() - 4) as u8;
        answer[3] = body;
        let mut retry = answer.clone();
        retry[6..38].copy_from_slice(&super::super::handshake::RETRY);
        for (from, message) in [(0, &hello), (1, &retry), (0, &hello), (1, &answer)] {
            wire.sent(from, &record(22, message));
        }
        let mut lines = String::new();
        let mut keys = |label: &str, octet: u8| {
            let secret = vec![octet; length];
            let (random, hex) = ("5a".repeat(32), crate::input::to_hex(&secret));
            let _ = writeln!(lines, "{label} {random} {hex}");
            Keys::new(suite, &secret).unwrap()
        };
        let mut handshake =
            [keys("CLIENT_HANDSHAKE_TRAFFIC_SECRET", 1), keys("SERVER_HANDSHAKE_TRAFFIC_SECRET", 2)];
        let keys = [keys("CLIENT_TRAFFIC_SECRET_0", 3), keys("SERVER_TRAFFIC_SECRET_0", 4)];
        // The Finished of the server in two records.
        let finished = [&[20, 0, 0, 32][..], &[0; 32]].concat();
        wire.sent(1, &handshake[1].seal(22, &finished[..9], 0));
        wire.sent(1, &handshake[1].seal(22, &finished[9..], 3));
        wire.sent(0, &record(20, &[1]));
        wire.sent(0, &handshake[0].seal(22, &finished, 0));
        Self { wire, lines, keys }
    }

    fn say(&mut self, from: usize, kind: u8, content: &[u8]) {
        let sealed = self.keys[from].seal(kind, content, from * 17);
        self.wire.sent(from, &sealed);
    }

    fn items(&self) -> Vec<Item> {
        read(&synth::pcap(1, &self.wire.packets), self.lines.as_bytes())
    }
}

#[test]
fn every_suite_is_opened_also_after_new_keys() {
    for (number, suite, length) in SUITES {
        let mut hand = Hand::new(number, suite, length);
        hand.say(0, 23, &v2gtp(0x8002, MESSAGE));
        hand.say(1, 23, &v2gtp(0x8002, MESSAGE));
        hand.say(1, 22, &[24, 0, 0, 1, 0]);
        hand.keys[1] = hand.keys[1].updated().unwrap();
        // A message in two records, and an alert.
        let message = v2gtp(0x8002, &[MESSAGE, &[1]].concat());
        hand.say(1, 23, &message[..5]);
        hand.say(1, 23, &message[5..]);
        hand.say(1, 21, &[2, 44]);
        let items = hand.items();
        assert_eq!(
            messages(&items),
            [(Sender::Vehicle, 3), (Sender::Station, 3), (Sender::Station, 4)],
            "{suite:?}"
        );
        let notes = notes(&items);
        assert_eq!(notes[1], format!("TLS 1.3 opened, {}", suite.name()));
        assert_eq!(notes[2], "TLS alert certificate_revoked");
        assert!(!notes[3].contains("not decoded"), "{}", notes[3]);
    }
}

#[test]
fn what_is_missing_from_a_capture_does_not_end_a_session() {
    let mut hand = Hand::new(0x1303, Suite::ChaCha20Poly1305, 32);
    hand.say(0, 23, &v2gtp(0x8002, MESSAGE));
    let before = hand.wire.packets.len();
    hand.say(0, 23, &v2gtp(0x8002, MESSAGE));
    let lost = before..hand.wire.packets.len();
    hand.say(1, 23, &v2gtp(0x8002, MESSAGE));
    hand.say(0, 23, &v2gtp(0x8002, MESSAGE));
    hand.wire.packets.drain(lost);
    let items = hand.items();
    assert_eq!(messages(&items), [(Sender::Vehicle, 3), (Sender::Station, 3), (Sender::Vehicle, 3)]);
    assert!(notes(&items).iter().any(|note| note.contains("bytes are missing")), "{:?}", notes(&items));
}

proptest::proptest! {
    #[test]
    fn damaged_sessions_are_survived(at in 0usize..6000, bits in 1u8.., cut in 0usize..6000) {
        let mut hand = Hand::new(0x1302, Suite::Aes256Gcm, 48);
        hand.say(0, 23, &v2gtp(0x8002, MESSAGE));
        let mut file = synth::pcapng(hand.lines.as_bytes(), &hand.wire.packets);
        let length = file.len();
        file[at % length] ^= bits;
        file.truncate(length - cut % length / 2);
        if let Ok(capture) = Capture::new(&file[..]) {
            let _: Vec<_> = capture.collect();
        }
    }
}
