use std::time::Duration;

use super::super::frame::Segment;
use super::{Origin, Reassembly, Sink};

#[derive(Debug, Default, PartialEq)]
struct Log {
    bytes: Vec<u8>,
    /// Missing bytes and where, counted in delivered bytes.
    gaps: Vec<(u64, usize)>,
}

impl Sink for Log {
    fn bytes(&mut self, _: Origin, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    fn gap(&mut self, _: Origin, missing: u64) {
        self.gaps.push((missing, self.bytes.len()));
    }
}

fn at(sequence: u32, data: &[u8]) -> Segment<'_> {
    Segment { sequence, acknowledged: None, syn: false, fin: false, rst: false, data }
}

fn origin(frame: u64) -> Origin {
    Origin { frame, time: Duration::ZERO }
}

fn run(segments: &[Segment<'_>]) -> (Log, Reassembly) {
    let (mut log, mut reassembly) = (Log::default(), Reassembly::default());
    for (i, segment) in segments.iter().enumerate() {
        reassembly.push(origin(i as u64), segment, &mut log);
    }
    (log, reassembly)
}

#[test]
fn order_repetition_and_overlap_do_not_matter() {
    let syn = Segment { syn: true, ..at(u32::MAX - 3, b"") };
    let near_wrap = u32::MAX - 2;
    let (log, _) = run(&[
        syn,
        at(near_wrap.wrapping_add(4), b"efgh"),
        at(near_wrap, b"ab"),
        at(near_wrap, b"abXX"),
        at(near_wrap.wrapping_add(2), b"cdef"),
        at(near_wrap.wrapping_add(6), b"ghij"),
        at(near_wrap.wrapping_add(9), b"j"),
    ]);
    assert_eq!(log, Log { bytes: b"abXXefghij".to_vec(), gaps: Vec::new() });
}

#[test]
fn a_loss_is_a_gap_once_the_receiver_has_confirmed_it() {
    let (mut log, mut reassembly) = run(&[at(100, b"ab"), at(110, b"cd")]);
    assert_eq!(log.bytes, b"ab");
    reassembly.acknowledge(102, &mut log);
    assert_eq!(log.gaps, []);
    reassembly.acknowledge(112, &mut log);
    assert_eq!(log, Log { bytes: b"abcd".to_vec(), gaps: vec![(8, 2)] });
}

#[test]
fn at_the_end_everything_is_delivered() {
    let (mut log, mut reassembly) = run(&[at(1, b"ab"), at(5, b"ef"), at(9, b"ij")]);
    reassembly.flush(&mut log);
    assert_eq!(log, Log { bytes: b"abefij".to_vec(), gaps: vec![(2, 2), (2, 4)] });
}

#[test]
fn memory_for_early_segments_is_bounded() {
    let (mut log, mut reassembly) = run(&[at(0, b"a")]);
    let data = [7; 1000];
    for i in 0..2000 {
        reassembly.push(origin(i), &at(10 + i as u32 * 1000, &data), &mut log);
        assert!(reassembly.waiting_bytes <= super::MAX_WAITING + 2000);
    }
    assert_eq!(log.gaps, [(9, 1)]);
    assert_eq!(log.bytes.len(), 1 + 2000 * 1000);
}

#[test]
fn far_away_numbers_are_another_connection() {
    let (log, _) = run(&[at(0, b"old"), at(0x7000_0000, b"new")]);
    assert_eq!(log, Log { bytes: b"oldnew".to_vec(), gaps: vec![(0, 3)] });
}

#[test]
fn a_syn_opens_another_connection_unless_it_is_a_repetition() {
    let syn = |sequence| Segment { syn: true, ..at(sequence, b"") };
    let (_, reassembly) = run(&[syn(4), at(5, b"abc")]);
    assert!(!reassembly.is_reopened_by(&syn(4)));
    assert!(reassembly.is_reopened_by(&syn(90)));
    let (_, midway) = run(&[at(5, b"abc")]);
    assert!(midway.is_reopened_by(&syn(4)));
}

proptest::proptest! {
    /// However a stream is cut, repeated and shuffled, it comes out as it went in.
    #[test]
    fn any_order_yields_the_stream(
        start: u32,
        cuts in proptest::collection::vec((0usize..200, 1usize..60), 1..40),
    ) {
        let stream: Vec<u8> = (0..200u8).collect();
        let whole = (0..200).step_by(50).map(|from| (from, 50));
        let mut segments = vec![Segment { syn: true, ..at(start, b"") }];
        for (from, length) in cuts.into_iter().chain(whole) {
            let data = &stream[from..(from + length).min(200)];
            segments.push(at(start.wrapping_add(1 + from as u32), data));
        }
        let (log, _) = run(&segments);
        proptest::prop_assert_eq!(log, Log { bytes: stream, gaps: Vec::new() });
    }
}
