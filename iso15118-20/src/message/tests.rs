use exi_codec::iso20::common_messages::SessionSetupReq;
use exi_codec::iso20::common_types::{MessageHeader, ResponseCode};
use proptest::prelude::*;
use v2gtp::{Frame, PayloadType, SchemaSet};

use super::{DecodeError, EncodeError, MessageKind, Request, Response, refusal};

fn header() -> MessageHeader<'static> {
    MessageHeader { session_id: [1, 2, 3, 4, 5, 6, 7, 8], time_stamp: 1_700_000_000, signature: None }
}

#[test]
fn every_refusal_encodes_and_reads_back() {
    for kind in MessageKind::ALL.iter().copied().filter(|kind| kind.is_request()) {
        let response = refusal(kind, header(), ResponseCode::FailedSequenceError);
        assert_eq!(response.kind(), kind.response());
        assert!(response.code().is_none_or(|code| code == ResponseCode::FailedSequenceError));
        let mut out = [0; 1024];
        let len = response.encode(&mut out).unwrap_or_else(|e| panic!("{kind}: {e}"));
        let frame = Frame::new_checked(&out[..len]).unwrap();
        assert_eq!(frame.payload_type(), kind.payload_type());
        assert_eq!(
            Response::decode(frame.payload_type(), SchemaSet::Dc, frame.payload()),
            Ok(response),
            "{kind}"
        );
    }
}

#[test]
fn kinds_are_pairs() {
    for pair in MessageKind::ALL.chunks(2) {
        assert!(pair[0].is_request() && !pair[1].is_request());
        assert_eq!((pair[0].response(), pair[1].request()), (pair[1], pair[0]));
        assert_eq!(pair[0].payload_type(), pair[1].payload_type());
        assert_eq!(pair[0].name().strip_suffix("Req"), pair[1].name().strip_suffix("Res"));
    }
}

#[test]
fn a_small_buffer_says_what_is_needed() {
    let request = Request::SessionSetupReq(SessionSetupReq { header: header(), evcc_id: "EV".into() });
    let mut out = [0; 64];
    let len = request.encode(&mut out).unwrap();
    for short in 0..len {
        assert_eq!(
            request.encode(&mut out[..short]),
            Err(EncodeError::BufferTooSmall { needed: len }),
            "{short} bytes"
        );
    }
    assert_eq!(request.encode(&mut out[..len]), Ok(len));
}

#[test]
fn a_response_is_no_request() {
    let mut out = [0; 64];
    let len = refusal(MessageKind::SessionStopReq, header(), ResponseCode::Failed).encode(&mut out).unwrap();
    assert_eq!(
        Request::decode(PayloadType::Common, SchemaSet::Dc, &out[8..len]),
        Err(DecodeError::Direction(MessageKind::SessionStopRes))
    );
}

#[test]
fn schedule_renegotiation_takes_messages_of_two_sets() {
    let mut out = [0; 256];
    for kind in [
        MessageKind::ScheduleExchangeReq,
        MessageKind::PowerDeliveryReq,
        MessageKind::DcChargeParameterDiscoveryReq,
        MessageKind::AcChargeParameterDiscoveryReq,
        MessageKind::WptChargeParameterDiscoveryReq,
    ] {
        let family = match kind {
            MessageKind::AcChargeParameterDiscoveryReq => SchemaSet::Ac,
            MessageKind::WptChargeParameterDiscoveryReq => SchemaSet::Wpt,
            _ => SchemaSet::Dc,
        };
        let response = refusal(kind, header(), ResponseCode::Failed);
        let len = response.encode(&mut out).unwrap();
        assert_eq!(
            Response::decode(PayloadType::ScheduleRenegotiation, family, &out[8..len]),
            Ok(response),
            "{kind}"
        );
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_message_or_an_error(code: u16, family in 0u8..2, bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let family = if family == 0 { SchemaSet::Dc } else { SchemaSet::Ac };
        let payload_type = PayloadType::from(0x8001 + code % 0x110);
        let mut exi = bytes;
        if let Some(first) = exi.first_mut() {
            *first = 0x80;
        }
        if let Ok(request) = Request::decode(payload_type, family, &exi) {
            prop_assert!(request.kind().is_request());
            let mut out = [0; 4096];
            prop_assert!(request.encode(&mut out).is_ok());
        }
        let _ = Response::decode(payload_type, family, &exi);
    }
}
