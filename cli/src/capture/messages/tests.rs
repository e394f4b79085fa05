use std::time::Duration;

use v2gtp::{FrameError, PayloadType};

use super::super::Note;
use super::super::synth::v2gtp;
use super::super::tcp::{Origin, Sink};
use super::{Extractor, Yield};

fn origin(frame: u64) -> Origin {
    Origin { frame, time: Duration::ZERO }
}

fn message(payload: &[u8]) -> Yield {
    Yield::Message(PayloadType::Common, payload.to_vec())
}

/// What comes of chunks; an empty one stands for a gap of seven bytes.
fn run(chunks: &[&[u8]]) -> Vec<(u64, Yield)> {
    let mut extractor = Extractor::default();
    for (frame, chunk) in (1..).zip(chunks) {
        if chunk.is_empty() {
            extractor.gap(origin(frame), 7);
        } else {
            extractor.bytes(origin(frame), chunk);
        }
    }
    extractor.finish();
    extractor.drain().map(|(origin, found)| (origin.frame, found)).collect()
}

#[test]
fn split_and_coalesced_messages_carry_the_frame_that_completed_them() {
    let stream = [v2gtp(0x8002, &[0x80, 1, 2]), v2gtp(0x8002, &[]), v2gtp(0x8002, &[0x80])].concat();
    let found = run(&[&stream[..4], &stream[4..9], &stream[9..]]);
    assert_eq!(found, [(3, message(&[0x80, 1, 2])), (3, message(&[])), (3, message(&[0x80]))]);
}

#[test]
fn a_stream_joined_midway_is_searched_for_a_header() {
    let tail = [&[1, 0xfe, 0x80, 2, 0, 0, 0, 3, 0x70, 0x80, 1][..], &v2gtp(0x8002, &[0x80, 9])].concat();
    for cut in 0..tail.len() {
        let found = run(&[&[5, 5, 1], &tail[..cut.max(1)], &tail[cut.max(1)..], &v2gtp(0x8002, &[0x80])]);
        let found: Vec<_> = found.into_iter().map(|(_, found)| found).collect();
        let expected = [Yield::Note(Note::Skipped { bytes: 14 }), message(&[0x80, 9]), message(&[0x80])];
        assert_eq!(found, expected, "cut at {cut}");
    }
}

#[test]
fn a_gap_costs_the_messages_that_it_touches() {
    let (first, second) = (v2gtp(0x8002, &[0x80, 1, 2]), v2gtp(0x8002, &[0x80, 3]));
    let found = run(&[&first, &first[..10], b"", &[2, 9], &second]);
    let expected = [
        (1, message(&[0x80, 1, 2])),
        (3, Yield::Note(Note::Incomplete { have: 2, of: 3 })),
        (3, Yield::Note(Note::Gap { bytes: 7 })),
        (5, Yield::Note(Note::Skipped { bytes: 2 })),
        (5, message(&[0x80, 3])),
    ];
    assert_eq!(found, expected);
}

#[test]
fn damage_in_step_is_named_and_left_behind() {
    let first = v2gtp(0x8002, &[0x80]);
    let found = run(&[&[&first[..], &[0xde, 0xad], &first].concat()]);
    let expected = [
        (1, message(&[0x80])),
        (1, Yield::Note(Note::NoHeader(FrameError::Version(0xde)))),
        (1, Yield::Note(Note::Skipped { bytes: 2 })),
        (1, message(&[0x80])),
    ];
    assert_eq!(found, expected);
    let long = run(&[&[&first[..], &[1, 0xfe, 0x80, 2, 0xff, 0, 0, 0], &first].concat()]);
    assert_eq!(long[1].1, Yield::Note(Note::TooLong { bytes: 0xff00_0000 }));
    assert_eq!(long[3].1, message(&[0x80]));
}

#[test]
fn an_end_inside_a_message_is_told() {
    let found = run(&[&v2gtp(0x8002, &[0x80, 1, 2])[..9]]);
    assert_eq!(found, [(1, Yield::Note(Note::Incomplete { have: 1, of: 3 }))]);
}

#[test]
fn other_protocols_are_passed_over_without_keeping_them() {
    let found = run(&[b"GET / HTTP/1.1\r\n"]);
    assert_eq!(found, [(1, Yield::Note(Note::Unrecognised { bytes: 16 }))]);

    let mut extractor = Extractor::default();
    for frame in 0..300 {
        extractor.bytes(origin(frame), &[b'x'; 1000]);
        assert!(extractor.buffer.len() < 100);
    }
    extractor.finish();
    let found: Vec<_> = extractor.drain().map(|(_, found)| found).collect();
    assert_eq!(found, [Yield::Note(Note::Unrecognised { bytes: 300_000 })]);
}

#[test]
fn tls_is_named_from_its_first_record_or_from_any_other() {
    let hello = [&[22, 3, 1, 0, 2, 1, 0][..], &[23, 3, 3, 0, 1, 0]].concat();
    let records = [&hello[..7], &hello[7..]].map(|record| (2, Yield::Record(record.to_vec())));
    let [first, second] = records;
    assert_eq!(run(&[&hello[..3], &hello[3..]]), [(2, Yield::Note(Note::Encrypted)), first, second]);
    let found = run(&[&[9, 9], b"", &hello[7..]]);
    let record = Yield::Record(hello[7..].to_vec());
    assert_eq!(found[1..], [(3, Yield::Note(Note::Encrypted)), (3, record)]);
}

proptest::proptest! {
    /// Neither lost bytes nor lost messages: every byte is in a message, in a note, or not at all a message.
    #[test]
    fn garbage_between_messages_loses_none(
        garbage in proptest::collection::vec(2u8..=0x7f, 0..50),
        payload in proptest::collection::vec(0u8.., 0..50),
        chunk in 1usize..30,
    ) {
        let payload = [&[0x80][..], &payload].concat();
        let stream = [&v2gtp(0x8002, &payload)[..], &garbage, &v2gtp(0x8002, &payload)].concat();
        let chunks: Vec<&[u8]> = stream.chunks(chunk).collect();
        let found = run(&chunks);
        let messages = found.iter().filter(|(_, f)| *f == message(&payload)).count();
        proptest::prop_assert_eq!(messages, 2);
    }

    #[test]
    fn any_bytes_are_survived(chunks in proptest::collection::vec(proptest::collection::vec(0u8.., 0..60), 0..10)) {
        run(&chunks.iter().map(Vec::as_slice).collect::<Vec<_>>());
    }
}
