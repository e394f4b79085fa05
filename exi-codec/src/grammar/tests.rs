extern crate std;

use proptest::prelude::*;
use std::string::String;
use std::vec;
use std::vec::Vec;

use super::*;

fn set(key: &str) -> &'static Set {
    Set::by_key(key).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).unwrap() as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// Bits in readable form to octets; spaces do not count, the rest of the last octet is zero.
fn bits(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|c| *c != b' ').map(|c| c - b'0').collect();
    digits
        .chunks(8)
        .map(|octet| octet.iter().enumerate().fold(0, |sum, (index, bit)| sum | bit << (7 - index)))
        .collect()
}

fn events(set: &'static Set, root: Root, stream: &[u8]) -> Result<Vec<String>, Error> {
    let mut decoder = Decoder::new(set, root, stream);
    let mut list = Vec::new();
    while let Some(event) = decoder.next()? {
        let text = match event.kind {
            EventKind::StartElement(element) => std::format!("<{}", element.name.local),
            EventKind::Attribute { attribute, value } => {
                std::format!("@{}={}", attribute.name.local, show(&value))
            }
            EventKind::Characters { value, .. } => show(&value),
            EventKind::EndElement(_) => "/".into(),
            EventKind::EndDocument => ".".into(),
        };
        list.push(text);
    }
    Ok(list)
}

fn show(value: &Value<'_>) -> String {
    match value {
        Value::Boolean(value) => std::format!("{value}"),
        Value::Integer(value) => std::format!("{value}"),
        Value::BigInteger(value) => std::format!("{:?}", value.to_i128()),
        Value::Enumeration { literal, .. } => (*literal).into(),
        Value::String(text) => text.chars().collect(),
        Value::Binary { octets, .. } => {
            octets.bytes().fold(String::new(), |text, octet| std::format!("{text}{octet:02x}"))
        }
    }
}

fn kind(set: &'static Set, stream: &[u8]) -> Result<Vec<String>, ErrorKind> {
    events(set, Root::Document, stream).map_err(|error| error.kind)
}

/// Encodes a supportedAppProtocolReq with these protocols: namespace, major, minor, id, priority.
fn app_protocol_request(protocols: &[[&str; 5]], empty: EmptyValue) -> Result<Vec<u8>, Error> {
    const NS: &str = "urn:iso:15118:2:2010:AppProtocol";
    let names = ["ProtocolNamespace", "VersionNumberMajor", "VersionNumberMinor", "SchemaID", "Priority"];
    let mut buffer = vec![0xFF; 4096];
    let mut encoder = Encoder::new(set("appprotocol"), Root::Document, &mut buffer).empty_value(empty);
    encoder.start_element(NS, "supportedAppProtocolReq")?;
    for protocol in protocols {
        encoder.start_element("", "AppProtocol")?;
        for (name, text) in names.iter().zip(protocol) {
            encoder.start_element("", name)?;
            encoder.characters(text)?;
            encoder.end_element()?;
        }
        encoder.end_element()?;
    }
    encoder.end_element()?;
    let length = encoder.finish()?;
    buffer.truncate(length);
    Ok(buffer)
}

const PROTOCOL: [&str; 5] = ["urn:iso:std:iso:15118:-20:DC", "1", "0", "1", "1"];

#[test]
fn every_set_has_its_roots_in_the_order_of_their_codes() {
    let counts = [
        ("appprotocol", 2, 9),
        ("common", 54, 281),
        ("dc", 48, 149),
        ("ac", 42, 154),
        ("wpt", 38, 193),
        ("acdp", 34, 129),
        ("xmldsig", 24, 45),
    ];
    assert_eq!(Set::all().len(), counts.len());
    for (key, documents, fragments) in counts {
        assert_eq!(set(key).roots(Root::Document).count(), documents, "{key}");
        let names: Vec<_> = set(key).roots(Root::Fragment).map(|element| element.name).collect();
        assert_eq!(names.len(), fragments, "{key}");
        assert!(names.is_sorted_by(|a, b| a < b), "{key}");
        for name in names {
            assert_eq!(set(key).element(name.ns, name.local).map(|element| element.name), Some(name));
        }
    }
    let signed_info = set("xmldsig").roots(Root::Fragment).position(|e| e.name.local == "SignedInfo");
    assert_eq!(signed_info, Some(32));
}

#[test]
fn no_type_nests_deeper_than_half_of_the_limit() {
    fn depth(element: &'static Element, left: usize) -> usize {
        assert!(left > 0, "recursion at {}", element.name.local);
        let Content::Complex(complex) = element.content else { return 1 };
        let children = complex.positions.iter().filter_map(|position| match position.step {
            data::Step::Element(child) => Some(depth(child, left - 1)),
            _ => None,
        });
        1 + children.max().unwrap_or(0)
    }
    let all = Set::all().iter().flat_map(|set| set.roots(Root::Fragment));
    assert!(all.map(|element| depth(element, MAX_DEPTH)).max().unwrap() <= MAX_DEPTH / 2);
}

#[test]
fn a_charge_loop_request_has_its_events_at_their_bits() {
    let stream = hex("8034040081018202830384080e2cfaa06280fe1403e464008202002400ca");
    let mut decoder = Decoder::new(set("dc"), Root::Document, &stream).trailing(Trailing::Refuse);
    let mut found = Vec::new();
    while let Some(event) = decoder.next().unwrap() {
        if let EventKind::StartElement(element) = event.kind {
            found.push((element.name.local, event.offset, event.code.value, event.code.width));
        }
    }
    assert_eq!(
        found,
        [
            ("DC_ChargeLoopReq", 8, 13, 6),
            ("Header", 14, 0, 1),
            ("SessionID", 15, 0, 1),
            ("TimeStamp", 90, 0, 1),
            ("MeterInfoRequested", 135, 1, 2),
            ("EVPresentVoltage", 140, 0, 1),
            ("Exponent", 141, 0, 1),
            ("Value", 152, 0, 1),
            ("Scheduled_DC_CLReqControlMode", 173, 4, 3),
            ("EVTargetCurrent", 176, 3, 3),
            ("Exponent", 179, 0, 1),
            ("Value", 190, 0, 1),
            ("EVTargetVoltage", 203, 0, 1),
            ("Exponent", 204, 0, 1),
            ("Value", 215, 0, 1),
        ]
    );
    assert_eq!((decoder.bits_consumed(), decoder.trailing_octets()), (240, 0));
}

#[test]
fn skipping_an_element_ends_where_decoding_it_does() {
    let stream = hex("8034040081018202830384080e2cfaa06280fe1403e464008202002400ca");
    let mut decoder = Decoder::new(set("dc"), Root::Document, &stream);
    let mut open = Vec::new();
    while let Some(event) = decoder.next().unwrap() {
        match event.kind {
            EventKind::StartElement(element) => open.push((element, decoder.bits_consumed())),
            EventKind::EndElement(element) => {
                let (started, offset) = open.pop().unwrap();
                assert!(core::ptr::eq(started, element));
                assert_eq!(skip_element(element, &stream, offset), Ok(decoder.bits_consumed()));
            }
            _ => {}
        }
    }
    let header = set("dc").element("urn:iso:std:iso:15118:-20:CommonTypes", "Header").unwrap();
    assert_eq!(skip_element(header, &stream[..10], 15).unwrap_err().kind, ErrorKind::EndOfInput);
}

#[test]
fn lists_end_with_a_narrower_code_when_full() {
    let encode = |count: usize| app_protocol_request(&vec![PROTOCOL; count], EmptyValue::default());
    let octets = |count: usize| encode(count).unwrap().len();
    assert_eq!(octets(1), 37);
    for count in [1, 2, 19, 20] {
        let stream = encode(count).unwrap();
        let mut decoder = Decoder::new(set("appprotocol"), Root::Document, &stream);
        let mut widths = Vec::new();
        while let Some(event) = decoder.next().unwrap() {
            if decoder.depth() == 0 {
                widths.push(event.code.width);
            }
        }
        assert_eq!(widths, [if count == 20 { 1 } else { 2 }, 0]);
    }
    assert_eq!(encode(21).unwrap_err().kind, ErrorKind::UndeclaredElement);
    assert_eq!(encode(0).unwrap_err().kind, ErrorKind::MissingContent);
}

#[test]
fn empty_strings_are_read_and_written_in_both_forms() {
    let protocol = [["", "1", "0", "1", "1"]];
    let as_text = app_protocol_request(&protocol, EmptyValue::AsCharacters).unwrap();
    let as_end = app_protocol_request(&protocol, EmptyValue::AsEndElement).unwrap();
    let start = "10000000 00 0 0";
    assert!(as_text.starts_with(&bits(&std::format!("{start} 0 00000010 0"))[..2]));
    assert!(as_end.starts_with(&bits(&std::format!("{start} 1 000"))[..2]));
    assert_eq!(kind(set("appprotocol"), &as_text).unwrap()[3..5], ["", "/"]);
    assert_eq!(kind(set("appprotocol"), &as_end).unwrap()[3..5], ["/", "<VersionNumberMajor"]);
    // An enumeration or a number has no empty form.
    let response = bits("10000000 01 0 1 000");
    assert_eq!(kind(set("appprotocol"), &response), Err(ErrorKind::MissingContent));
}

#[test]
fn each_deviation_has_its_own_error() {
    let first_state = [
        ("000", ErrorKind::MissingContent),
        ("001", ErrorKind::XsiType),
        ("010", ErrorKind::XsiNil),
        ("011", ErrorKind::UndeclaredAttribute),
        ("100", ErrorKind::UntypedAttribute),
        ("101", ErrorKind::UndeclaredElement),
        ("110", ErrorKind::UndeclaredText),
        ("111", ErrorKind::EventCode),
    ];
    for (code, expected) in first_state {
        let stream = bits(&std::format!("10000000 00 1 {code}"));
        assert_eq!(kind(set("appprotocol"), &stream), Err(expected));
    }
    let cases = [
        ("appprotocol", "10000000 10", ErrorKind::UnknownRoot),
        ("appprotocol", "10000000 11", ErrorKind::EventCode),
        ("appprotocol", "10000001 00", ErrorKind::Header),
        ("appprotocol", "10100000 00", ErrorKind::Header),
        // Length 0 and 1 of a string.
        ("appprotocol", "10000000 00 0 0 0 00000000", ErrorKind::StringTableHit),
        ("appprotocol", "10000000 00 0 0 0 00000001", ErrorKind::StringTableHit),
        ("appprotocol", "10000000 00 0 0 0 01100111", ErrorKind::Length),
        // U+D800, U+110000 and four octets.
        ("appprotocol", "10000000 00 0 0 0 00000011 10000000 10110000 00000011", ErrorKind::Character),
        ("appprotocol", "10000000 00 0 0 0 00000011 10000000 10000000 01000100", ErrorKind::Character),
        (
            "appprotocol",
            "10000000 00 0 0 0 00000011 11100001 10000000 10000000 00000000",
            ErrorKind::Character,
        ),
        // Three response codes in two bits.
        ("appprotocol", "10000000 01 0 0 11", ErrorKind::EnumerationIndex),
    ];
    for (key, stream, expected) in cases {
        assert_eq!(kind(set(key), &bits(stream)), Err(expected), "{stream}");
    }
    // The head of a substitution group has an abstract type.
    let head = set("dc").roots(Root::Document).position(|e| e.name.local == "CLReqControlMode").unwrap();
    let stream = bits(&std::format!("10000000 {head:06b}"));
    assert_eq!(kind(set("dc"), &stream), Err(ErrorKind::AbstractElement));
    let mixed = set("xmldsig").roots(Root::Document).position(|e| e.name.local == "DigestMethod").unwrap();
    let algorithm = "0 00000011 01100001";
    for (code, expected) in [("00", ErrorKind::Wildcard), ("10", ErrorKind::MixedContent)] {
        let stream = bits(&std::format!("10000000 {mixed:05b} {algorithm} {code}"));
        assert_eq!(kind(set("xmldsig"), &stream), Err(expected));
    }
}

#[test]
fn integers_keep_to_their_range_and_length() {
    let read = |priority: &str, minor: &str| {
        kind(
            set("appprotocol"),
            &bits(&std::format!(
                "10000000 00 0 0 0 00000010 0 0 0 00000001 0 0 0 {minor} 0 0 0 00000001 0 0 0 {priority} 0 0 01"
            )),
        )
    };
    assert!(read("10011", "00000000").is_ok());
    assert_eq!(read("10100", "00000000"), Err(ErrorKind::IntegerRange));
    let padded = "10000001 10000000 10000000 10000000 00000000";
    assert_eq!(read("00000", padded).unwrap()[9], "1");
    let six_octets = "10000001 10000000 10000000 10000000 10000000 00000000";
    assert_eq!(read("00000", six_octets), Err(ErrorKind::IntegerLength));
    let largest = "11111111 11111111 11111111 11111111 00001111";
    assert_eq!(read("00000", largest).unwrap()[9], "4294967295");
    let one_more = "10000000 10000000 10000000 10000000 00010000";
    assert_eq!(read("00000", one_more), Err(ErrorKind::IntegerRange));

    let encode =
        |minor, priority| app_protocol_request(&[["", "1", minor, "1", priority]], EmptyValue::default());
    assert_eq!(encode("0", "21").unwrap_err().kind, ErrorKind::IntegerRange);
    assert_eq!(encode("-1", "1").unwrap_err().kind, ErrorKind::IntegerRange);
    assert_eq!(encode("4294967296", "1").unwrap_err().kind, ErrorKind::IntegerRange);
    assert_eq!(encode("1x", "1").unwrap_err().kind, ErrorKind::Lexical);
    assert!(encode(" +007 ", "1").is_ok());
}

/// Encodes and decodes an unbounded integer.
fn serial(text: &str) -> Result<(bool, Vec<u8>), Error> {
    const NS: &str = "http://www.w3.org/2000/09/xmldsig#";
    let mut buffer = [0; 128];
    let mut encoder = Encoder::new(set("xmldsig"), Root::Fragment, &mut buffer);
    encoder.start_element(NS, "X509SerialNumber")?;
    encoder.characters(text)?;
    encoder.end_element()?;
    let length = encoder.finish()?;
    let mut decoder = Decoder::new(set("xmldsig"), Root::Fragment, &buffer[..length]);
    while let Some(event) = decoder.next()? {
        if let EventKind::Characters { value: Value::BigInteger(value), .. } = event.kind {
            return Ok((value.is_negative(), value.groups().collect()));
        }
    }
    panic!("no value")
}

#[test]
fn unbounded_integers_have_any_length() {
    assert_eq!(serial("0").unwrap(), (false, vec![0]));
    assert_eq!(serial("-1").unwrap(), (true, vec![0]));
    assert_eq!(serial("-128").unwrap(), (true, vec![127]));
    assert_eq!(serial("128").unwrap(), (false, vec![0, 1]));
    // 2^160 - 1: 22 full groups and six bits.
    let mut groups = vec![0x7F; 22];
    groups.push(0x3F);
    assert_eq!(serial("1461501637330902918203684832716283019655932542975").unwrap(), (false, groups.clone()));
    // -2^160 has the same magnitude.
    assert_eq!(serial("-1461501637330902918203684832716283019655932542976").unwrap(), (true, groups));
    assert_eq!(serial("12a").unwrap_err().kind, ErrorKind::Lexical);
    assert_eq!(serial(&"9".repeat(300)).unwrap_err().kind, ErrorKind::BufferFull);
}

#[test]
fn trailing_data_is_tolerated_unless_refused() {
    let clean = app_protocol_request(&[PROTOCOL], EmptyValue::default()).unwrap();
    let decode = |stream: &[u8], trailing| {
        let mut decoder = Decoder::new(set("appprotocol"), Root::Document, stream).trailing(trailing);
        while decoder.next()?.is_some() {}
        Ok::<_, Error>(decoder.trailing_octets())
    };
    assert_eq!(decode(&clean, Trailing::Refuse), Ok(0));
    let mut longer = clean.clone();
    longer.extend([0, 0]);
    assert_eq!(decode(&longer, Trailing::Tolerate), Ok(2));
    assert_eq!(decode(&longer, Trailing::Refuse).unwrap_err().kind, ErrorKind::TrailingOctets);
    let mut padded = clean.clone();
    *padded.last_mut().unwrap() |= 1;
    assert_eq!(decode(&padded, Trailing::Tolerate), Ok(0));
    assert_eq!(decode(&padded, Trailing::Refuse).unwrap_err().kind, ErrorKind::Padding);
}

#[test]
fn a_fragment_holds_one_element() {
    // SchemaID is the fourth name (code 4); code 10 is the end.
    let one = bits("10000000 0100 0 00000111 0 1010");
    assert_eq!(events(set("appprotocol"), Root::Fragment, &one).unwrap(), ["<SchemaID", "7", "/", "."]);
    let none = bits("10000000 1010");
    let two = bits("10000000 0100 0 00000111 0 0100");
    for stream in [none, two] {
        let error = events(set("appprotocol"), Root::Fragment, &stream).unwrap_err();
        assert_eq!(error.kind, ErrorKind::FragmentContent);
    }
}

#[test]
fn binary_text_is_checked() {
    let encode = |name: &str, text: &str| {
        let mut buffer = [0; 64];
        let mut encoder = Encoder::new(set("common"), Root::Fragment, &mut buffer);
        let ns = if name == "DigestValue" {
            "http://www.w3.org/2000/09/xmldsig#"
        } else {
            "urn:iso:std:iso:15118:-20:CommonTypes"
        };
        encoder.start_element(ns, name).unwrap();
        encoder.characters(text)?;
        encoder.end_element()?;
        let length = encoder.finish()?;
        Ok::<_, Error>(events(set("common"), Root::Fragment, &buffer[..length]).unwrap()[1].clone())
    };
    assert_eq!(encode("SessionID", "00fF102030405060").unwrap(), "00ff102030405060");
    assert_eq!(encode("SessionID", "00").unwrap_err().kind, ErrorKind::Length);
    assert_eq!(encode("SessionID", "0g").unwrap_err().kind, ErrorKind::Lexical);
    assert_eq!(encode("SessionID", "000").unwrap_err().kind, ErrorKind::Lexical);
    assert_eq!(encode("DigestValue", "AQID").unwrap(), "010203");
    assert_eq!(encode("DigestValue", " AQ\n== ").unwrap(), "01");
    assert_eq!(encode("DigestValue", "AQI=").unwrap(), "0102");
    for wrong in ["A", "AQ", "AQ=", "AQ===", "AR==", "AQI=AQID", "A-ID"] {
        assert_eq!(encode("DigestValue", wrong).unwrap_err().kind, ErrorKind::Lexical, "{wrong}");
    }
}

#[test]
fn events_out_of_order_are_refused() {
    let mut buffer = [0; 64];
    let encoder = Encoder::new(set("appprotocol"), Root::Document, &mut buffer);
    assert_eq!(encoder.finish().unwrap_err().kind, ErrorKind::Order);
    let mut encoder = Encoder::new(set("appprotocol"), Root::Document, &mut buffer);
    assert_eq!(encoder.start_element("", "AppProtocol").unwrap_err().kind, ErrorKind::UnknownRoot);
    encoder.start_element("urn:iso:15118:2:2010:AppProtocol", "supportedAppProtocolRes").unwrap();
    assert_eq!(encoder.attribute("", "Id", "x").unwrap_err().kind, ErrorKind::UndeclaredAttribute);
    assert_eq!(encoder.characters("x").unwrap_err().kind, ErrorKind::UndeclaredText);
    assert_eq!(encoder.start_element("", "SchemaID").unwrap_err().kind, ErrorKind::UndeclaredElement);
    assert_eq!(encoder.end_element().unwrap_err().kind, ErrorKind::MissingContent);
    assert_eq!(encoder.finish().unwrap_err().kind, ErrorKind::Order);
}

proptest! {
    /// Any input ends in an error or in a message, after no more events than it has bits.
    #[test]
    fn any_input_is_survived(
        index in 0..7usize,
        fragment: bool,
        mut stream in proptest::collection::vec(any::<u8>(), 1..200),
    ) {
        stream[0] = 0x80;
        let root = if fragment { Root::Fragment } else { Root::Document };
        let mut decoder = Decoder::new(Set::all()[index], root, &stream);
        let mut count = 0;
        while let Ok(Some(event)) = decoder.next() {
            count += 1;
            prop_assert!(event.offset + event.length <= 8 * stream.len());
        }
        prop_assert!(count <= 8 * stream.len());
    }

    #[test]
    fn what_is_written_is_read(
        namespace in "\\PC{0,100}",
        versions: [u32; 2],
        id: u8,
        priority in 1..=20u8,
        as_end: bool,
        cut in 0..1000usize,
    ) {
        let [major, minor] = versions.map(|version| std::format!("{version}"));
        let (id, priority) = (std::format!("{id}"), std::format!("{priority}"));
        let empty = if as_end { EmptyValue::AsEndElement } else { EmptyValue::AsCharacters };
        let stream =
            app_protocol_request(&[[namespace.as_str(), major.as_str(), &minor, &id, &priority]], empty).unwrap();
        let found: Vec<String> = kind(set("appprotocol"), &stream)
            .unwrap()
            .into_iter()
            .filter(|event| !event.starts_with('<') && event != "/" && event != "." && !event.is_empty())
            .collect();
        let expected: Vec<String> = [namespace.as_str(), major.as_str(), &minor, &id, &priority]
            .iter()
            .filter(|text| !text.is_empty() && !text.starts_with('<') && **text != "/" && **text != ".")
            .map(|text| (*text).into())
            .collect();
        prop_assert_eq!(found, expected);
        let cut = cut % stream.len();
        prop_assert!(kind(set("appprotocol"), &stream[..cut]).is_err());
    }
}
