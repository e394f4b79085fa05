//! Header, frame view and payload types, by exact bytes.

use proptest::prelude::*;
use v2gtp::{
    EmitError, Frame, FrameError, Header, ManufacturerCode, PayloadType, PayloadTypes, SchemaSet, Stream,
};

#[test]
fn header_bytes() {
    let header = Header::new(PayloadType::Dc, 0x0001_0203).unwrap();
    let bytes = [0x01, 0xFE, 0x80, 0x04, 0x00, 0x01, 0x02, 0x03];
    assert_eq!(header.to_bytes(), bytes);
    assert_eq!(Header::parse(&bytes), Ok(header));

    let mut out = [0xAA; 9];
    header.emit(&mut out).unwrap();
    assert_eq!(out[..8], bytes);
    assert_eq!(out[8], 0xAA);
    assert_eq!(header.emit(&mut out[..7]), Err(EmitError::BufferTooSmall { needed: 8, available: 7 }));
}

#[test]
fn wrong_version_is_reported_before_missing_bytes() {
    assert_eq!(Header::parse(&[]), Err(FrameError::Truncated { needed: 8, available: 0 }));
    assert_eq!(Header::parse(&[0x01]), Err(FrameError::Truncated { needed: 8, available: 1 }));
    assert_eq!(Header::parse(&[0x02]), Err(FrameError::Version(0x02)));
    assert_eq!(Header::parse(&[0x01, 0xFF]), Err(FrameError::InverseVersion(0xFF)));
    assert_eq!(Header::parse(&[0x02, 0xFD, 0, 0, 0, 0, 0, 0]), Err(FrameError::Version(0x02)));
}

#[test]
fn frame_view_ends_at_the_announced_length() {
    let bytes = [0x01, 0xFE, 0x80, 0x02, 0, 0, 0, 2, 0xAB, 0xCD, 0x01];
    let frame = Frame::new_checked(&bytes).unwrap();
    assert_eq!(frame.payload_type(), PayloadType::Common);
    assert_eq!(frame.payload(), [0xAB, 0xCD]);
    assert_eq!(frame.rest(), [0x01]);
    assert_eq!(Frame::new_checked(&bytes[..9]), Err(FrameError::Truncated { needed: 10, available: 9 }));
}

#[test]
fn largest_length_is_handled() {
    let bytes = [0x01, 0xFE, 0x80, 0x02, 0xFF, 0xFF, 0xFF, 0xFF];
    let error = Frame::new_checked(&bytes).unwrap_err();
    match usize::try_from(u64::from(u32::MAX) + 8) {
        Ok(needed) => assert_eq!(error, FrameError::Truncated { needed, available: 8 }),
        Err(_) => assert_eq!(error, FrameError::Unaddressable(u32::MAX)),
    }
}

#[test]
fn payload_type_table() {
    use PayloadType as P;
    use SchemaSet as S;
    let table = [
        (0x8001, P::SapOrLegacy, Some(S::AppProtocol), Some(Stream::Main)),
        (0x8002, P::Common, Some(S::CommonMessages), Some(Stream::Main)),
        (0x8003, P::Ac, Some(S::Ac), Some(Stream::Main)),
        (0x8004, P::Dc, Some(S::Dc), Some(Stream::Main)),
        (0x8005, P::Acdp, Some(S::Acdp), Some(Stream::Main)),
        (0x8006, P::Wpt, Some(S::Wpt), Some(Stream::Main)),
        (0x8010, P::AcDerIec, Some(S::AcDerIec), Some(Stream::Main)),
        (0x8011, P::AcDerSae, Some(S::AcDerSae), Some(Stream::Main)),
        (0x8101, P::ScheduleRenegotiation, Some(S::Mixed), Some(Stream::Side)),
        (0x8102, P::MeteringConfirmation, Some(S::CommonMessages), Some(Stream::Side)),
        (0x8103, P::AcdpSystemStatus, Some(S::Acdp), Some(Stream::Side)),
        (0x8104, P::Parking, Some(S::CommonMessages), Some(Stream::Side)),
        (0x9000, P::SdpRequest, None, None),
        (0x9001, P::SdpResponse, None, None),
        (0x9002, P::SdpWirelessRequest, None, None),
        (0x9003, P::SdpWirelessResponse, None, None),
        (0x9004, P::SdpEmspRequest, None, None),
        (0x9005, P::SdpEmspResponse, None, None),
    ];
    for (code, payload_type, schema_set, stream) in table {
        assert_eq!(P::from(code), payload_type);
        assert_eq!(payload_type.schema_set(), schema_set, "{payload_type}");
        assert_eq!(payload_type.stream(), stream, "{payload_type}");
        assert_eq!(PayloadTypes::EXI.contains(payload_type), schema_set.is_some(), "{payload_type}");
        let alone = PayloadTypes::NONE.with(payload_type);
        for (_, other, ..) in table {
            assert_eq!(alone.contains(other), other == payload_type);
        }
        assert_eq!(alone.without(payload_type), PayloadTypes::NONE);
    }
}

#[test]
fn every_code_has_one_representation() {
    for code in 0..=u16::MAX {
        let payload_type = PayloadType::from(code);
        assert_eq!(u16::from(payload_type), code);
        assert_eq!(matches!(payload_type, PayloadType::Manufacturer(_)), code >= 0xA000);
        if let PayloadType::Reserved(_) = payload_type {
            assert!(!PayloadTypes::NONE.with(payload_type).contains(payload_type));
        }
    }
    assert_eq!(ManufacturerCode::new(0x9FFF), None);
    let first = ManufacturerCode::new(0xA000).unwrap();
    assert_eq!(PayloadType::from(0xA000), PayloadType::Manufacturer(first));
    assert_eq!(PayloadType::from(0x8007).to_string(), "0x8007");
}

proptest! {
    #[test]
    fn header_round_trip(code: u16, payload_len: u32) {
        let header = Header { payload_type: code.into(), payload_len };
        prop_assert_eq!(Header::parse(&header.to_bytes()), Ok(header));
    }

    #[test]
    fn an_accepted_frame_re_emits(bytes: Vec<u8>, len in 0u8..40, code: u16) {
        let mut input = Header { payload_type: code.into(), payload_len: len.into() }.to_bytes().to_vec();
        input.extend(bytes);
        if let Ok(frame) = Frame::new_checked(&input) {
            let again = [&frame.header().to_bytes(), frame.payload(), frame.rest()].concat();
            prop_assert_eq!(again, input);
        } else {
            prop_assert!(input.len() < 8 + usize::from(len));
        }
    }
}
