mod opened;

use super::{Follower, Likeness, Records, likeness};

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 3, 3][..], &(body.len() as u16).to_be_bytes(), body].concat()
}

/// A server hello with one extension.
fn server_hello(extension: &[u8]) -> Vec<u8> {
    let mut body = vec![2, 0, 0, 0, 3, 3];
    body.extend([7; 32]);
    body.extend([2, 9, 9, 0x13, 0x02, 0, 0, extension.len() as u8]);
    body.extend(extension);
    body
}

#[test]
fn records_are_counted_however_they_are_cut() {
    let stream = [
        record(22, &server_hello(&[0, 43, 0, 2, 3, 4])),
        record(20, &[1]),
        record(23, &[0; 300]),
        record(23, &[0; 2]),
        record(21, &[1, 0]),
    ]
    .concat();
    for size in [1, 3, 7, 1000] {
        let mut follower = Follower::default();
        let mut whole = Vec::new();
        stream.chunks(size).for_each(|chunk| follower.bytes(chunk, |record| whole.extend(record)));
        assert_eq!(whole, stream, "{size}");
        let records = Records { handshake: 1, application_data: 2, alert: 1, change_cipher_spec: 1 };
        assert_eq!((follower.records, follower.version), (records, Some(0x0304)), "{size}");
    }
}

#[test]
fn without_the_extension_the_hello_itself_names_the_version() {
    let mut follower = Follower::default();
    follower.bytes(&record(22, &server_hello(&[0, 23, 0, 0])), drop);
    assert_eq!(follower.version, Some(0x0303));
}

#[test]
fn after_a_gap_the_next_segment_is_tried() {
    let mut follower = Follower::default();
    follower.bytes(&record(23, &[0; 50])[..20], drop);
    follower.gap();
    follower.bytes(&[9; 10], drop);
    follower.bytes(&record(23, &[0; 5]), drop);
    assert_eq!(follower.records.application_data, 1);
}

#[test]
fn likeness_needs_a_whole_header() {
    assert_eq!(likeness(&[22, 3, 1, 0]), Likeness::Undecided);
    assert_eq!(likeness(&[22, 3, 1, 0, 200]), Likeness::Tls);
    for other in [&[1, 0xfe][..], &[22, 4], &[23, 3, 9], &[22, 3, 3, 0, 0], &[22, 3, 3, 0xff, 0xff]] {
        assert_eq!(likeness(other), Likeness::Other, "{other:?}");
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_survived(chunks in proptest::collection::vec(proptest::collection::vec(0u8.., 0..80), 0..8)) {
        let mut follower = Follower::default();
        follower.bytes(&record(22, &server_hello(&chunks.concat()))[..], drop);
        for chunk in &chunks {
            follower.bytes(chunk, drop);
        }
    }
}
