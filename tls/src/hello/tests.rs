use proptest::prelude::{any, proptest};

use super::{Hello, HelloError, HelloReader, LONGEST, Offer};
use crate::fragment::MaxFragment;

/// A ClientHello with these extensions, in records of `record` bytes.
fn client_hello(extensions: &[(u16, &[u8])], record: usize) -> Vec<u8> {
    let mut list = Vec::new();
    for (kind, content) in extensions {
        list.extend(kind.to_be_bytes());
        list.extend((content.len() as u16).to_be_bytes());
        list.extend(*content);
    }
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0, 2, 0x13, 2, 1, 0]);
    if !extensions.is_empty() {
        body.extend((list.len() as u16).to_be_bytes());
        body.extend(list);
    }
    let mut message = vec![1];
    message.extend(&(body.len() as u32).to_be_bytes()[1..]);
    message.extend(body);
    let mut records = Vec::new();
    for part in message.chunks(record) {
        records.extend([22, 3, 1]);
        records.extend((part.len() as u16).to_be_bytes());
        records.extend(part);
    }
    records
}

const V13: (u16, &[u8]) = (43, &[4, 3, 3, 3, 4]);
const V12: (u16, &[u8]) = (43, &[2, 3, 3]);

#[test]
fn the_offer_stands_in_the_supported_versions() {
    for (extensions, offer, max_fragment) in [
        (&[V13][..], Offer::Tls13, None),
        (&[V12], Offer::Older, None),
        (&[], Offer::Older, None),
        (&[(1, &[1][..]), V13], Offer::Tls13, Some(MaxFragment::Bytes512)),
        (&[(1, &[4][..]), (10, &[0, 2, 0, 25]), V13], Offer::Tls13, Some(MaxFragment::Bytes4096)),
        (&[(1, &[9][..]), V13], Offer::Tls13, None),
    ] {
        let hello = HelloReader::new().handle_input(&client_hello(extensions, 4000));
        assert_eq!(hello, Ok(Some(Hello { offer, max_fragment })), "{extensions:?}");
    }
}

#[test]
fn however_it_is_cut_nothing_is_lost() {
    for record in [1, 3, 4000] {
        let mut bytes = client_hello(&[V13], record);
        let complete = bytes.len();
        bytes.extend(b"what follows");
        for piece in [1, 2, 7, bytes.len()] {
            let mut reader = HelloReader::new();
            let mut fed = 0;
            let hello = bytes.chunks(piece).find_map(|part| {
                fed += part.len();
                reader.handle_input(part).unwrap()
            });
            assert_eq!(hello.unwrap().offer, Offer::Tls13);
            assert!(fed >= complete && fed < complete + piece, "as soon as it is complete");
            assert_eq!(reader.into_bytes(), bytes[..fed]);
        }
    }
}

#[test]
fn what_is_no_hello_is_refused_at_once() {
    for (bytes, error) in [
        (&[1, 0xfe, 0x80, 1][..], HelloError::NotTls),
        (&[22, 2], HelloError::NotTls),
        (&[22, 3, 1, 0, 0], HelloError::Malformed),
        (&[22, 3, 1, 0xff, 0xff], HelloError::Malformed),
        (&[22, 3, 1, 0, 4, 2, 0, 0, 0], HelloError::NotClientHello),
        (&[22, 3, 1, 0, 4, 1, 0xff, 0, 0], HelloError::TooLong),
        (&[22, 3, 1, 0, 5, 1, 0, 0, 1, 3], HelloError::Malformed),
    ] {
        assert_eq!(HelloReader::new().handle_input(bytes), Err(error), "{bytes:?}");
    }
}

#[test]
fn damaged_hellos_never_panic_and_stay_bounded() {
    let whole = client_hello(&[(1, &[2]), (10, &[0, 2, 0, 25]), V13], 40);
    for at in 0..whole.len() {
        for value in [0, 1, 0x7f, 0xff] {
            let mut damaged = whole.clone();
            damaged[at] = value;
            let _ = HelloReader::new().handle_input(&damaged);
        }
        assert_eq!(HelloReader::new().handle_input(&whole[..at]), Ok(None));
    }
    let mut reader = HelloReader::new();
    let endless = [22, 3, 1, 0, 1, 1].repeat(LONGEST);
    assert!(reader.handle_input(&endless).is_err());
}

proptest! {
    #[test]
    fn any_bytes_give_one_answer_however_they_are_cut(
        at in any::<proptest::sample::Index>(),
        noise: Vec<u8>,
        cut in 1_usize..50,
        record in 1_usize..100,
    ) {
        let mut bytes = client_hello(&[(1, &[2]), V12, V13], record);
        let at = at.index(bytes.len());
        bytes.splice(at..(at + noise.len()).min(bytes.len()), noise);
        let whole = HelloReader::new().handle_input(&bytes);
        let mut reader = HelloReader::new();
        let pieces = bytes.chunks(cut).map(|piece| reader.handle_input(piece)).find(|result| *result != Ok(None));
        assert_eq!(pieces.unwrap_or(Ok(None)), whole);
    }
}
