//! The codec that firmware uses, with its typed messages walked and built by the names of the schema.

mod build;
mod forbidden;
mod namespaces;
mod walk;

use bumpalo::Bump;
use exi_codec::reflect::Root;
use exi_codec::{Document, EmptyText, ErrorKind, Trailing, app_protocol, iso20};

use super::{Coding, Decoded, Engine, EngineError, Set};
use crate::tree::Element;
use iso20::common_messages;

/// First try for the length of an encoded message.
const USUAL_LENGTH: usize = 1 << 12;

/// See the module.
#[derive(Clone, Copy, Debug)]
pub(super) struct Codec;

/// Calls a function with the type of the roots of a set.
macro_rules! with_roots {
    ($set:expr, $coding:expr, $others:expr, $function:ident($($argument:expr),*)) => {
        match ($set, $coding) {
            (Set::Common, Coding::Document) if $others => {
                $function::<common_messages::OtherDocument<'_>>($($argument),*)
            }
            (Set::AppProtocol, Coding::Document) => $function::<app_protocol::Message<'_>>($($argument),*),
            (Set::Common, Coding::Document) => $function::<common_messages::Message<'_>>($($argument),*),
            (Set::Common, Coding::Fragment) => $function::<common_messages::Fragment<'_>>($($argument),*),
            (Set::Ac, Coding::Document) => $function::<iso20::ac::Message<'_>>($($argument),*),
            (Set::Ac, Coding::Fragment) => $function::<iso20::ac::Fragment<'_>>($($argument),*),
            (Set::Dc, Coding::Document) => $function::<iso20::dc::Message<'_>>($($argument),*),
            (Set::Dc, Coding::Fragment) => $function::<iso20::dc::Fragment<'_>>($($argument),*),
            (Set::Wpt, Coding::Document) => $function::<iso20::wpt::Message<'_>>($($argument),*),
            (Set::Wpt, Coding::Fragment) => $function::<iso20::wpt::Fragment<'_>>($($argument),*),
            (Set::Acdp, Coding::Document) => $function::<iso20::acdp::Message<'_>>($($argument),*),
            (Set::Acdp, Coding::Fragment) => $function::<iso20::acdp::Fragment<'_>>($($argument),*),
            (Set::Xmldsig, Coding::Fragment) => $function::<iso20::xmldsig::Fragment<'_>>($($argument),*),
            (Set::AppProtocol, Coding::Fragment) => {
                Err(EngineError("V2G signs nothing of the set appprotocol: it has no fragments".to_owned()))
            }
            (Set::Xmldsig, Coding::Document) => {
                Err(EngineError("the set xmldsig has no messages, only the fragment SignedInfo".to_owned()))
            }
        }
    };
}

impl Engine for Codec {
    fn decode(&self, set: Set, coding: Coding, exi: &[u8]) -> Result<Decoded, EngineError> {
        let others = set == Set::Common && is_no_message(exi);
        let (mut root, consumed) = with_roots!(set, coding, others, decode(exi))?;
        namespaces::assign(&mut root, set);
        Ok(Decoded { root, consumed })
    }

    fn encode(
        &self,
        set: Set,
        coding: Coding,
        root: &Element,
        empty: EmptyText,
    ) -> Result<Vec<u8>, EngineError> {
        namespaces::check(root, set)?;
        let arena = Bump::new();
        let others = common_messages::OtherDocument::NAMES.contains(&root.name.local.as_str());
        with_roots!(set, coding, others, encode(&arena, root, empty))
    }
}

/// The roots of documents of the common messages are messages, but for two elements that are signed.
fn is_no_message(exi: &[u8]) -> bool {
    let message = exi_codec::decode::<common_messages::Message<'_>>(exi);
    message.is_err_and(|error| error.kind() == ErrorKind::UnexpectedRoot)
}

impl From<exi_codec::Error> for EngineError {
    fn from(error: exi_codec::Error) -> Self {
        Self(error.to_string())
    }
}

fn decode<'a, M: Document<'a> + Root<'a>>(exi: &'a [u8]) -> Result<(Element, usize), EngineError> {
    let decoded = exi_codec::decode_with::<M>(exi, Trailing::Tolerate)?;
    Ok((walk::tree(&decoded.message)?, decoded.octets))
}

fn encode<'a, M: Document<'a> + Root<'a>>(
    arena: &'a Bump,
    root: &'a Element,
    empty: EmptyText,
) -> Result<Vec<u8>, EngineError> {
    let message: M = build::message(arena, root, empty)?;
    let mut buffer = vec![0; USUAL_LENGTH];
    let result = match exi_codec::encode_with(&message, &mut buffer, empty) {
        // The error says how many bits it takes.
        Err(error) if error.kind() == ErrorKind::BufferTooSmall => {
            buffer.resize(error.bit_offset().div_ceil(8) as usize, 0);
            exi_codec::encode_with(&message, &mut buffer, empty)
        }
        result => result,
    };
    buffer.truncate(result?);
    Ok(buffer)
}

#[cfg(test)]
mod tests {
    use super::{Codec, Coding, Element, EmptyText, Engine, Set};

    fn encode(xml: &str) -> Result<Vec<u8>, String> {
        let root = Element::from_xml(xml)?;
        Codec.encode(Set::Dc, Coding::Document, &root, EmptyText::AsCharacters).map_err(|e| e.to_string())
    }

    const REQUEST: &str = concat!(
        "<dc:DC_PreChargeReq xmlns:ct=\"urn:iso:std:iso:15118:-20:CommonTypes\" xmlns:dc=\"urn:iso:std:iso:15118:-20:DC\">",
        "<ct:Header><ct:SessionID>0102030405060708</ct:SessionID><ct:TimeStamp>7</ct:TimeStamp></ct:Header>",
        "<dc:EVProcessing>Finished</dc:EVProcessing>",
        "<dc:EVPresentVoltage><ct:Exponent>0</ct:Exponent><ct:Value>1</ct:Value></dc:EVPresentVoltage>",
        "<dc:EVTargetVoltage><ct:Exponent>0</ct:Exponent><ct:Value>2</ct:Value></dc:EVTargetVoltage>",
        "</dc:DC_PreChargeReq>",
    );

    #[test]
    fn a_message_is_built_and_walked() {
        let exi = encode(REQUEST).unwrap();
        let decoded = Codec.decode(Set::Dc, Coding::Document, &exi).unwrap();
        assert_eq!((decoded.root.to_xml().as_str(), decoded.consumed), (REQUEST, exi.len()));
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_place() {
        let cases = [
            (("<ct:TimeStamp>7</ct:TimeStamp>", ""), "TimeStamp is missing in DC_PreChargeReq/Header"),
            (
                ("<ct:TimeStamp>7", "<ct:TimeStamp>-7"),
                "`-7` is no value of the type in DC_PreChargeReq/Header/TimeStamp",
            ),
            (("Finished", "Done"), "`Done` is no value of the type in DC_PreChargeReq/EVProcessing"),
            (
                ("<ct:Exponent>0</ct:Exponent><ct:Value>2", "<ct:Value>2"),
                "Exponent is missing before Value in DC_PreChargeReq/EVTargetVoltage",
            ),
            (
                ("</dc:DC_PreChargeReq>", "<dc:X></dc:X></dc:DC_PreChargeReq>"),
                "unexpected element X in DC_PreChargeReq",
            ),
            (("<ct:Header>", "<ct:Header Id=\"1\">"), "unexpected attribute in DC_PreChargeReq/Header"),
            (("<ct:Header>", "<ct:Header>text"), "text between the children of Header"),
            (
                ("dc:EVProcessing", "ct:EVProcessing"),
                "EVProcessing belongs to the namespace `urn:iso:std:iso:15118:-20:DC`, not to `urn:iso:std:iso:15118:-20:CommonTypes`",
            ),
            (
                ("0102030405060708", "01020304050607"),
                "`01020304050607` is no value of the type in DC_PreChargeReq/Header/SessionID",
            ),
        ];
        for ((from, to), expected) in cases {
            assert_eq!(encode(&REQUEST.replace(from, to)).unwrap_err(), expected);
        }
    }

    #[test]
    fn an_unknown_root_lists_the_known_ones() {
        let error = encode("<a></a>").unwrap_err();
        assert!(error.starts_with("a is no root of this set; it has DC_CableCheckReq, "), "{error}");
    }

    #[test]
    fn sets_without_such_roots_say_so() {
        for (set, coding) in [(Set::AppProtocol, Coding::Fragment), (Set::Xmldsig, Coding::Document)] {
            let error = Codec.decode(set, coding, &[0x80, 0]).unwrap_err();
            assert!(error.to_string().contains(set.name()), "{error}");
        }
    }
}
