//! What the targets have in common: what those of EXI check, and what engines and matching machines are fed.

pub mod c_api;
pub mod engines;
mod outline;
pub mod pki;
pub mod slac;

use core::fmt::Debug;

use exi_codec::grammar::{Root as Coding, Set};
use exi_codec::reflect::Root;
use exi_codec::{Document, ErrorKind, Index, Trailing};

/// Defines a target: the sets' types for messages, fragments or both.
#[macro_export]
macro_rules! exi_target {
    ($set:literal, $($coding:ident $root:ty),*) => {
        libfuzzer_sys::fuzz_target!(|input: &[u8]| {
            // An encoder may write what the sender left out (empty text), never more than that.
            let mut buffer = vec![0; input.len() * 2 + 64];
            $($crate::check::<$root>($set, exi_codec::grammar::Root::$coding, input, &mut buffer);)*
            $($crate::check_index::<$root>(input, &mut exi_codec::Index::<64>::new());)*
        });
    };
}

/// Decodes `input` with both executors. They accept the same streams and see the same content. What was decoded
/// encodes, and decodes again to an equal message; what was canonical encodes to the same octets.
///
/// # Panics
/// If not.
pub fn check<'a, M>(set: &str, coding: Coding, input: &'a [u8], buffer: &'a mut [u8])
where
    M: Document<'a> + Root<'a> + PartialEq + Debug,
{
    let set = Set::by_key(set).expect("every set has its tables");
    let typed = exi_codec::decode_with::<M>(input, Trailing::Tolerate);
    let interpreted = outline::interpreted(set, coding, input);
    let decoded = match (typed, interpreted) {
        (Ok(decoded), Ok((outline, octets))) => {
            assert_eq!(decoded.octets, octets, "octets used");
            assert_eq!(outline::typed(&decoded.message), outline, "content");
            decoded
        }
        (Err(_), Err(_)) => return,
        // Only messages, and fragments that V2G signs, have types.
        (Err(error), Ok(_)) if error.kind() == ErrorKind::UnexpectedRoot => return,
        (Err(error), Ok(_)) => panic!("only the typed codec refuses: {error}"),
        (Ok(_), Err(error)) => panic!("only the interpreter refuses: {error}"),
    };

    let length = exi_codec::encode(&decoded.message, buffer).expect("what was decoded encodes");
    let encoded = buffer.get(..length).expect("within the buffer");
    let again = exi_codec::decode_with::<M>(encoded, Trailing::Reject).expect("what was encoded decodes");
    assert!(again.canonical, "the encoder writes the canonical form");
    assert_eq!(again.message, decoded.message);
    assert_eq!(outline::typed(&again.message), outline::typed(&decoded.message));
    let used = input.get(..decoded.octets).expect("within the input");
    if decoded.canonical && exi_codec::decode_with::<M>(used, Trailing::Reject).is_ok() {
        assert_eq!(encoded, used, "a canonical message encodes to the same octets");
    }
}

/// An index, also one that is too small, changes neither what is accepted nor what is read, nor the error.
///
/// # Panics
/// If it does.
pub fn check_index<'a, M>(input: &'a [u8], index: &'a mut Index<64>)
where
    M: Document<'a> + Root<'a> + PartialEq + Debug,
{
    let plain = exi_codec::decode::<M>(input);
    let indexed = exi_codec::decode_indexed::<M, _>(input, index);
    assert_eq!(plain, indexed);
    if let (Ok(plain), Ok(indexed)) = (plain, indexed) {
        assert_eq!(outline::typed(&plain), outline::typed(&indexed));
    }
}
