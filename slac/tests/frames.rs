//! Frames byte by byte. These are made up; captured ones are read by the example `captures`.

mod common;

use common::{EV, EVSE, RUN, frame};
use proptest::prelude::*;
use v2g_slac::mme::{
    AmpMapReq, AmplitudeMap, Lumissil, LumissilRequest, NwStatsCnf, Qualcomm, SetKeyReq, SlacMatchCnf,
    ValidateReq, ValidateResult,
};
use v2g_slac::{
    EmitError, Envelope, Frame, FrameError, MacAddr, MmType, Mme, MmeError, Network, Nmk, Version,
};

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// The frame without its padding, which must be zero.
fn unpadded(frame: &[u8], len: usize) -> &[u8] {
    assert!(frame.len() >= 60 && frame[len..].iter().all(|byte| *byte == 0));
    &frame[..len]
}

#[test]
fn parameters_and_sounds_are_laid_out_as_on_the_wire() {
    let expected = hex("ffffffffffff 02e000000001 88e1 01 6460 0000 00 00 0707070707070707");
    assert_eq!(unpadded(&common::parm_req(RUN), 29), expected);
    let expected = hex(
        "02e000000001 02c000000001 88e1 01 6560 0000 ffffffffffff 0a 06 01 02e000000001 00 00 0707070707070707",
    );
    assert_eq!(unpadded(&common::parm_cnf(EVSE), 44), expected);
    let expected =
        hex("ffffffffffff 02e000000001 88e1 01 6a60 0000 00 00 0a 06 01 02e000000001 0707070707070707");
    assert_eq!(unpadded(&common::start(RUN), 38), expected);
    let report = common::report(EVSE, 0x19);
    assert_eq!(report.len(), 129);
    assert_eq!(report[15..17], [0x6E, 0x60]);
    assert_eq!(report[19 + 50..19 + 53], [10, 58, 0x19]);
}

#[test]
fn the_choice_and_the_key_are_laid_out_as_on_the_wire() {
    let request = common::choice(RUN);
    let zeros = "00".repeat(17);
    let fields = format!("{zeros} 02e000000001 {zeros} 02c000000001 0707070707070707 0000000000000000");
    let expected = hex(&format!("02c000000001 02e000000001 88e1 01 7c60 0000 00 00 3e00 {fields}"));
    assert_eq!(frame(EVSE, EV, &Mme::SlacMatchReq(request)), expected);

    let nmk = hex("50D3E4933F855B7040784DF815AA8DB7").try_into().unwrap();
    let network = Network::of(Nmk::new(nmk));
    let message = Mme::SlacMatchCnf(SlacMatchCnf { request, network: network.clone() });
    let key = "b0f2e695666b03 00 50d3e4933f855b7040784df815aa8db7";
    let expected = hex(&format!("02e000000001 02c000000001 88e1 01 7d60 0000 00 00 5600 {fields} {key}"));
    assert_eq!(frame(EV, EVSE, &message), expected);

    let message = Mme::SetKeyReq(SetKeyReq { my_nonce: 0, cco_capability: 0, network });
    let expected = hex("00b052000001 02c000000001 88e1 01 0860 0000 01 00000000 00000000 04 0000 00 00 \
         b0f2e695666b03 01 50d3e4933f855b7040784df815aa8db7");
    assert_eq!(unpadded(&frame(MacAddr::LOCAL_MODEM, EVSE, &message), 57), expected);
}

#[test]
fn messages_that_nobody_captured_are_laid_out_as_described() {
    let request = Mme::ValidateReq(ValidateReq { timer: 14, result: ValidateResult::Ready });
    let expected = hex("02c000000001 02e000000001 88e1 01 7860 0000 00 0e 01");
    assert_eq!(unpadded(&frame(EVSE, EV, &request), 22), expected);

    let map = AmplitudeMap::new(3, &[0x21, 0x03]).unwrap();
    let expected = hex("02c000000001 02e000000001 88e1 01 1c60 0000 0300 21 03");
    assert_eq!(unpadded(&frame(EVSE, EV, &Mme::AmpMapReq(AmpMapReq { map })), 23), expected);

    let expected = hex("00b052000001 02e000000001 88e1 00 b8a0 00b052");
    let request = Mme::Qualcomm(Qualcomm::LinkStatusReq);
    assert_eq!(unpadded(&frame(MacAddr::LOCAL_MODEM, EV, &request), 20), expected);

    let request = Mme::Lumissil(Lumissil::Request { id: 5, request: LumissilRequest::LinkStatus });
    let expected =
        hex("00b052000001 02e000000001 88e1 00 9cac 0016e8 000000000000 05 000000000000000000000000");
    assert_eq!(unpadded(&frame(MacAddr::LOCAL_MODEM, EV, &request), 39), expected);
    // The same vendor's messages with fragmentation fields are read too.
    let answer =
        hex("02e000000001 02c100000001 88e1 01 9dac 0000 0016e8 000000000000 05 000000000000000000000000 01");
    let message = Mme::parse(&Frame::new_checked(&answer).unwrap());
    assert_eq!(message, Ok(Mme::Lumissil(Lumissil::LinkStatus { id: 5, status: 1 })));

    let stats = hex("02e000000001 02c100000001 88e1 02 4960 0000 01 02c200000001 2a 2b");
    let stats = Mme::parse(&Frame::new_checked(&stats).unwrap()).unwrap();
    let Mme::NwStatsCnf(stats) = stats else { panic!("{stats:?}") };
    let rates: Vec<_> = NwStatsCnf::stations(&stats).map(|s| (s.station.0[1], s.to, s.from)).collect();
    assert_eq!(rates, [(0xC2, 42, 43)]);
}

#[test]
fn what_is_no_frame_is_named() {
    let good = common::parm_req(RUN);
    let with = |at: usize, byte: u8| {
        let mut bad = good.clone();
        bad[at] = byte;
        Frame::new_checked(&bad).map(|_| ()).unwrap_err()
    };
    assert_eq!(with(12, 8), FrameError::EtherType(0x08E1));
    assert_eq!(with(14, 3), FrameError::Version(3));
    assert_eq!(with(17, 0x21), FrameError::Fragmented { index: 1, count: 3 });
    let truncated = |needed, available| FrameError::Truncated { needed, available };
    assert_eq!(Frame::new_checked(&good[..16]), Err(truncated(17, 16)));
    assert_eq!(Frame::new_checked(&good[..18]), Err(truncated(19, 18)));
    // A VLAN tag is stripped.
    let tagged = [&good[..12], &[0x81, 0, 0, 1], &good[12..]].concat();
    assert_eq!(Frame::new_checked(&tagged), Frame::new_checked(&good));
}

#[test]
fn what_is_no_message_is_named() {
    let with = |frame: Vec<u8>, at: usize, byte: u8| {
        let mut bad = frame;
        bad[at] = byte;
        Mme::parse(&Frame::new_checked(&bad).unwrap()).unwrap_err()
    };
    let cases = [
        (with(common::parm_req(RUN), 19, 1), MmeError::ApplicationType(1)),
        (with(common::parm_req(RUN), 20, 1), MmeError::SecurityType(1)),
        (with(common::parm_cnf(EVSE), 19 + 6, 0), MmeError::NoSounds),
        (with(common::parm_cnf(EVSE), 19 + 7, 0), MmeError::NoTime),
        (with(common::parm_cnf(EVSE), 19 + 8, 0), MmeError::ResponseType(0)),
        (with(common::start(RUN), 19 + 4, 2), MmeError::ResponseType(2)),
        (
            with(frame(EVSE, EV, &Mme::SlacMatchReq(common::choice(RUN))), 21, 0x3D),
            MmeError::MvfLength { expected: 0x3E, found: 0x3D },
        ),
        (with(common::key_set(EV, 1), 14, 0), MmeError::Version(Version::Av10)),
    ];
    for (found, expected) in cases {
        // Without fragmentation fields the payload begins two bytes earlier, and is not read at all.
        if matches!(expected, MmeError::Version(_)) {
            continue;
        }
        assert_eq!(found, expected);
    }
    let short = &common::report(EVSE, 9)[..100];
    let error = Mme::parse(&Frame::new_checked(short).unwrap());
    assert_eq!(error, Err(MmeError::Truncated { needed: 110, available: 81 }));
}

#[test]
fn unknown_messages_pass_through() {
    let bytes = hex(&format!("02e000000001 02c000000001 88e1 01 2ea2 0000 0080e1 0102 {}", "00".repeat(40)));
    let view = Frame::new_checked(&bytes).unwrap();
    let message = Mme::parse(&view).unwrap();
    assert_eq!(message.mmtype(), MmType(0xA22E));
    let mut out = vec![0xFF; bytes.len()];
    assert_eq!(message.emit(view.envelope(), &mut out), Ok(bytes.len()));
    assert_eq!(out, bytes);
}

#[test]
fn a_buffer_that_is_too_small_stays_as_it_was() {
    let envelope = Envelope { destination: EV, source: EVSE, version: Version::Av11 };
    let mut out = [0xAA; 59];
    let error = Mme::NwInfoReq.emit(envelope, &mut out);
    assert_eq!(error, Err(EmitError { needed: 60, available: 59 }));
    assert_eq!(out, [0xAA; 59]);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(
        mmtype in prop_oneof![0x6000_u16..0x6090, 0xA000_u16..0xA150, 0xAC60_u16..0xACB0],
        version in 0_u8..3,
        oui in prop_oneof![Just([0, 0xB0, 0x52]), Just([0, 0x16, 0xE8]), any::<[u8; 3]>()],
        rest: Vec<u8>,
    ) {
        let [t0, t1] = mmtype.to_le_bytes();
        let mut bytes = [&EV.0[..], &EVSE.0, &[0x88, 0xE1, version, t0, t1]].concat();
        if version > 0 {
            bytes.extend([0, 0]);
        }
        bytes.extend(oui);
        bytes.extend(rest);
        let frame = Frame::new_checked(&bytes).unwrap();
        if let Ok(message) = Mme::parse(&frame) {
            let mut out = vec![0; message.buffer_len(frame.version())];
            prop_assert_eq!(message.emit(frame.envelope(), &mut out), Ok(out.len()));
            let again = Frame::new_checked(&out).unwrap();
            prop_assert!(Mme::parse(&again).is_ok());
        }
    }
}
