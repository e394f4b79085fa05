//! Reassembly: any way to cut a stream gives the same messages, and nothing gets it out of step.

use proptest::prelude::*;
use v2gtp::{
    DEFAULT_CAP, FrameError, Header, PayloadType, PayloadTypes, Reassembler, StreamCounters, StreamError,
};

const CAP: usize = 64;

type Messages = Vec<(u16, Vec<u8>)>;

fn frame(code: u16, payload: &[u8]) -> Vec<u8> {
    let header = Header::new(code.into(), payload.len()).unwrap();
    [&header.to_bytes(), payload].concat()
}

fn feed(stream: &mut Reassembler<'_>, mut read: &[u8], into: &mut Messages) -> Result<(), StreamError> {
    while let Some(message) = stream.poll(&mut read)? {
        into.push((message.payload_type.into(), message.payload.to_vec()));
    }
    assert!(read.is_empty());
    Ok(())
}

fn run(reads: &[&[u8]]) -> (Messages, Result<(), StreamError>, StreamCounters) {
    let mut memory = [0; CAP];
    let mut stream = Reassembler::new(&mut memory);
    let mut messages = Vec::new();
    let end = reads.iter().try_for_each(|read| feed(&mut stream, read, &mut messages));
    (messages, end, stream.counters())
}

#[test]
fn whole_frame_is_not_copied() {
    let bytes = frame(0x8002, &[1, 2, 3]);
    let mut memory = [0; CAP];
    let mut stream = Reassembler::new(&mut memory);
    let mut read = bytes.as_slice();
    let message = stream.poll(&mut read).unwrap().unwrap();
    assert_eq!(message.payload.as_ptr(), bytes[8..].as_ptr());
    assert_eq!(message.payload, [1, 2, 3]);
    assert_eq!(memory, [0; CAP]);
}

#[test]
fn coalesced_frames_come_one_by_one() {
    let bytes = [frame(0x8001, &[7]), frame(0x8102, &[]), frame(0x8004, &[8, 9])].concat();
    let (messages, end, counters) = run(&[&bytes]);
    assert_eq!(messages, [(0x8001, vec![7]), (0x8102, vec![]), (0x8004, vec![8, 9])]);
    assert_eq!(end, Ok(()));
    assert_eq!(counters, StreamCounters { messages: 3, bytes: 27, ..StreamCounters::default() });
}

#[test]
fn an_empty_payload_is_delivered_with_its_header() {
    let mut memory = [0; CAP];
    let mut stream = Reassembler::new(&mut memory);
    let bytes = frame(0x8002, &[]);
    assert_eq!(stream.poll(&mut &bytes[..7]), Ok(None));
    assert!(!stream.is_at_boundary());
    let message = stream.poll(&mut &bytes[7..]).unwrap().unwrap();
    assert_eq!(message.payload, []);
    assert!(stream.is_at_boundary());
}

#[test]
fn unusable_types_are_skipped_in_step() {
    let bytes = [
        frame(0x8007, &[0xFF; 40]),
        frame(0x8002, &[1]),
        frame(0x9000, &[0x10, 0x00]),
        frame(0xA000, &[]),
        frame(0x8002, &[2]),
    ]
    .concat();
    for size in 1..=bytes.len() {
        let (messages, end, counters) = run(&bytes.chunks(size).collect::<Vec<_>>());
        assert_eq!(messages, [(0x8002, vec![1]), (0x8002, vec![2])]);
        assert_eq!(end, Ok(()));
        assert_eq!((counters.skipped, counters.skipped_bytes), (3, 42));
        assert_eq!(counters.bytes, bytes.len() as u64);
    }
}

#[test]
fn acceptance_changes_at_the_next_frame() {
    let bytes = [frame(0x8003, &[1, 2]), frame(0x8003, &[3])].concat();
    let mut memory = [0; CAP];
    let mut stream = Reassembler::new(&mut memory);
    let mut messages = Messages::new();
    feed(&mut stream, &bytes[..9], &mut messages).unwrap();
    stream.accept(PayloadTypes::NONE.with(PayloadType::Dc));
    feed(&mut stream, &bytes[9..], &mut messages).unwrap();
    assert_eq!(messages, [(0x8003, vec![1, 2])]);
    assert_eq!(stream.counters().skipped, 1);
}

#[test]
fn manufacturer_types_can_be_accepted() {
    let mut memory = [0; CAP];
    let mut stream = Reassembler::new(&mut memory);
    stream.accept(PayloadTypes::EXI.with(PayloadType::from(0xA000)));
    let bytes = frame(0xFFFF, &[5]);
    let message = stream.poll(&mut bytes.as_slice()).unwrap().unwrap();
    assert_eq!(message.payload_type, PayloadType::from(0xFFFF));
}

#[test]
fn wrong_version_is_final_until_reset() {
    let good = frame(0x8002, &[1]);
    let mut memory = [0; CAP];
    let mut stream = Reassembler::new(&mut memory);
    let mut messages = Messages::new();
    let error = StreamError::Frame(FrameError::InverseVersion(0xFD));
    assert_eq!(feed(&mut stream, &[0x01, 0xFD], &mut messages), Err(error));
    assert_eq!(feed(&mut stream, &good, &mut messages), Err(error));
    assert_eq!(stream.counters().errors, 1);
    assert!(!stream.is_at_boundary());
    stream.reset();
    assert_eq!(feed(&mut stream, &good, &mut messages), Ok(()));
    assert_eq!(messages, [(0x8002, vec![1])]);
}

#[test]
fn length_is_refused_with_the_header() {
    let too_long = |code: u16, announced, limit| {
        Err(StreamError::TooLong { payload_type: code.into(), announced, limit })
    };
    for announced in [CAP as u32 + 1, u32::MAX] {
        let header = Header { payload_type: PayloadType::Dc, payload_len: announced }.to_bytes();
        assert_eq!(run(&[&header]).1, too_long(0x8004, announced, CAP));
    }
    let full = frame(0x8004, &[3; CAP]);
    assert_eq!(run(&[&full]).0.len(), 1);

    // One piece or two: the limit does not depend on how the network cut the stream.
    let over = frame(0x8004, &[3; CAP + 1]);
    assert_eq!(run(&[&over]).1, run(&[&over[..20], &over[20..]]).1);

    // What is skipped needs no memory, but is bounded by the cap.
    let cap = DEFAULT_CAP as usize;
    let skipped = frame(0x8007, &vec![0; cap]);
    assert_eq!(run(&[&skipped]).1, Ok(()));
    let header = Header { payload_type: 0x8007.into(), payload_len: DEFAULT_CAP + 1 }.to_bytes();
    assert_eq!(run(&[&header]).1, too_long(0x8007, DEFAULT_CAP + 1, cap));
}

#[test]
fn cap_below_the_buffer_holds() {
    let mut memory = [0; CAP];
    let mut stream = Reassembler::new(&mut memory).with_cap(4);
    let mut messages = Messages::new();
    feed(&mut stream, &frame(0x8002, &[0; 4]), &mut messages).unwrap();
    let error = feed(&mut stream, &frame(0x8002, &[0; 5]), &mut messages).unwrap_err();
    assert_eq!(error, StreamError::TooLong { payload_type: PayloadType::Common, announced: 5, limit: 4 });
}

fn frames() -> impl Strategy<Value = Vec<u8>> {
    let code = prop_oneof![
        4 => 0x8001u16..=0x8006,
        1 => 0x8101u16..=0x8104,
        1 => any::<u16>(),
    ];
    let one = (code, proptest::collection::vec(any::<u8>(), 0..CAP)).prop_map(|(c, p)| frame(c, &p));
    let tail = proptest::collection::vec(any::<u8>(), 0..12);
    (proptest::collection::vec(one, 0..8), tail).prop_map(|(frames, tail)| [frames.concat(), tail].concat())
}

fn cut(bytes: &[u8], sizes: &[usize]) -> Vec<Vec<u8>> {
    let (mut reads, mut rest) = (Vec::new(), bytes);
    for size in sizes {
        let (read, left) = rest.split_at((*size).min(rest.len()));
        reads.push(read.to_vec());
        rest = left;
    }
    reads.push(rest.to_vec());
    reads
}

proptest! {
    #[test]
    fn any_cut_equals_whole(bytes in frames(), sizes in proptest::collection::vec(0usize..30, 0..40)) {
        let reads = cut(&bytes, &sizes);
        let reads: Vec<&[u8]> = reads.iter().map(Vec::as_slice).collect();
        prop_assert_eq!(run(&reads), run(&[&bytes]));
    }

    #[test]
    fn arbitrary_bytes_are_bounded(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        sizes in proptest::collection::vec(0usize..30, 0..20),
    ) {
        let reads = cut(&bytes, &sizes);
        let reads: Vec<&[u8]> = reads.iter().map(Vec::as_slice).collect();
        let (messages, _, counters) = run(&reads);
        prop_assert!(counters.bytes <= bytes.len() as u64);
        prop_assert!((messages.len() as u64 + counters.skipped) * 8 <= counters.bytes);
        prop_assert!(counters.errors <= 1);
    }
}
