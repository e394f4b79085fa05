//! Whole messages: exact bytes, full lists, truncation, and the place of every fault.

use exi_codec::iso20::common_messages::{
    self, AuthorizationReq, EvPowerProfile, EvpptControlMode, PncAReqAuthorizationMode, PowerDeliveryReq,
    PowerScheduleEntry, Service, ServiceDiscoveryRes,
};
use exi_codec::iso20::common_types::{MessageHeader, Processing, ResponseCode};
use exi_codec::iso20::dc::{
    self, BptScheduledDcClReqControlMode, ClReqControlMode, DcChargeLoopReq, ScheduledDcClReqControlMode,
};
use exi_codec::iso20::xmldsig::{Signature, SignedInfo};
use exi_codec::{
    Amperes, Document, EmptyText, Error, ErrorKind, Lazy, List, Trailing, Volts, Watts, decode, decode_with,
    encode, encode_with,
};
use proptest::prelude::*;

const HEADER: MessageHeader<'static> =
    MessageHeader { session_id: [1, 2, 3, 4, 5, 6, 7, 8], time_stamp: 1_700_000_000, signature: None };

fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().map(|c| c.to_digit(16).expect("hexadecimal")).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

fn bytes<'a, D: Document<'a>>(message: &D) -> Vec<u8> {
    let mut out = vec![0; 1 << 16];
    let length = encode(message, &mut out).expect("the message is valid");
    out.truncate(length);
    out
}

fn charge_loop() -> DcChargeLoopReq<'static> {
    DcChargeLoopReq {
        header: HEADER,
        display_parameters: None,
        meter_info_requested: false,
        ev_present_voltage: Volts::new(4000, -1),
        control_mode: ClReqControlMode::Scheduled(ScheduledDcClReqControlMode {
            ev_target_current: Amperes::new(-5, 0),
            ev_target_voltage: Volts::new(400, 0),
            ..Default::default()
        }),
    }
}

#[test]
fn a_charge_loop_request_has_the_bits_that_the_grammar_gives() {
    let wire = octets("8034040081018202830384080e2cfaa06280fe1403e464008202002400ca");
    assert_eq!(bytes(&charge_loop()), wire);
    assert_eq!(decode::<DcChargeLoopReq<'_>>(&wire), Ok(charge_loop()));
    assert_eq!(decode::<dc::Message<'_>>(&wire), Ok(dc::Message::DcChargeLoopReq(charge_loop())));
}

#[test]
fn every_truncation_is_an_unexpected_end() {
    let wire = bytes(&charge_loop());
    for length in 0..wire.len() {
        let error = decode::<dc::Message<'_>>(&wire[..length]).expect_err("the input ends early");
        assert_eq!(error.kind(), ErrorKind::UnexpectedEnd, "{length} octets: {error}");
    }
}

#[test]
fn the_header_is_one_octet_and_no_other() {
    for first in [0x24_u8, 0xA0, 0x90, 0x81, 0x40, 0x00] {
        let error = decode::<dc::Message<'_>>(&[first, 0x34, 0x04]).expect_err("not EXI of V2G");
        assert_eq!((error.kind(), error.bit_offset()), (ErrorKind::Header, 0));
    }
    let error = decode::<dc::Message<'_>>(&[0x80, 0xFC, 0x04]).expect_err("no such root");
    assert_eq!((error.kind(), error.bit_offset()), (ErrorKind::UnexpectedRoot, 8));
}

fn discovery(services: &[Service]) -> ServiceDiscoveryRes<'_> {
    ServiceDiscoveryRes {
        header: HEADER,
        response_code: ResponseCode::Ok,
        service_renegotiation_supported: true,
        energy_transfer_service_list: services.into(),
        vas_list: None,
    }
}

#[test]
fn lists_of_every_length_come_back_and_longer_ones_are_refused() {
    let services: Vec<Service> =
        (1..=9).map(|service_id| Service { service_id, free_service: service_id % 2 == 0 }).collect();
    for length in 1..=8 {
        let message = discovery(&services[..length]);
        let wire = bytes(&message);
        let read: ServiceDiscoveryRes<'_> = decode(&wire).expect("allowed");
        assert_eq!(read, message);
        assert_eq!(read.energy_transfer_service_list.len(), length);
        assert_eq!(bytes(&read), wire, "a view is written as the slice it shows");
    }
    let mut out = [0; 256];
    let refuse =
        |length: usize, out: &mut [u8]| encode(&discovery(&services[..length]), out).expect_err("refused");
    let error = refuse(9, &mut out);
    assert_eq!(error.kind(), ErrorKind::TooManyItems);
    assert_eq!(error.path().collect::<Vec<_>>(), ["EnergyTransferServiceList", "Service"]);
    assert_eq!(refuse(0, &mut out).kind(), ErrorKind::TooFewItems);
}

fn profile(entries: &[PowerScheduleEntry]) -> PowerDeliveryReq<'_> {
    PowerDeliveryReq {
        header: HEADER,
        ev_processing: Processing::Finished,
        charge_progress: common_messages::ChargeProgress::Start,
        ev_power_profile: Some(EvPowerProfile {
            time_anchor: 1_700_000_000,
            control_mode: EvpptControlMode::Dynamic,
            ev_power_profile_entries: entries.into(),
        }),
        bpt_channel_selection: None,
    }
}

#[test]
fn the_longest_list_of_the_schema_is_full_at_2048() {
    let entries: Vec<PowerScheduleEntry> = (0..2049_i16)
        .map(|index| PowerScheduleEntry {
            duration: 900 + index as u32,
            power: Watts::new(index - 1000, 1),
            power_l2: (index % 3 == 0).then(|| Watts::new(index, 0)),
            power_l3: (index % 5 == 0).then(|| Watts::new(-index, 0)),
        })
        .collect();
    for length in [1, 2047, 2048] {
        let wire = bytes(&profile(&entries[..length]));
        let read: PowerDeliveryReq<'_> = decode(&wire).expect("allowed");
        let list = read.ev_power_profile.expect("present").ev_power_profile_entries;
        assert!(list.iter().eq(entries[..length].iter().copied()));
        let mut counted = 0;
        list.iter().for_each(|_| counted += 1);
        assert_eq!(counted, length);
    }
    let mut out = vec![0; 1 << 16];
    let error = encode(&profile(&entries), &mut out).expect_err("one too many");
    assert_eq!(error.kind(), ErrorKind::TooManyItems);
}

#[test]
fn errors_name_the_elements_around_them() {
    let long = "x".repeat(256);
    let request = common_messages::SessionSetupReq { header: HEADER, evcc_id: long.as_str().into() };
    let mut out = [0; 512];
    let error = encode(&request, &mut out).expect_err("255 characters at most");
    assert_eq!(error.kind(), ErrorKind::Length);
    assert_eq!(error.path().collect::<Vec<_>>(), ["EVCCID"]);
    // The end of EVPresentVoltage's Exponent becomes an escape.
    let mut wire = bytes(&charge_loop());
    wire[151 / 8] |= 0x80 >> (151 % 8);
    let error = decode::<dc::Message<'_>>(&wire).expect_err("a deviation");
    assert_eq!((error.kind(), error.bit_offset()), (ErrorKind::Deviation, 151));
    assert_eq!(error.path().collect::<Vec<_>>(), ["EVPresentVoltage", "Value"]);
    assert_eq!(
        error.to_string(),
        "unexpected element, attribute or text (second-level event) at bit 151 in EVPresentVoltage/Value"
    );
    assert!(size_of::<Error>() <= 16);
}

#[test]
fn empty_text_has_two_forms_and_both_are_read() {
    let request = common_messages::SessionSetupReq { header: HEADER, evcc_id: "".into() };
    let mut out = [0; 64];
    for (form, end) in [(EmptyText::AsCharacters, "620100"), (EmptyText::AsEndElement, "6280")] {
        let length = encode_with(&request, &mut out, form).expect("valid");
        let wire = &out[..length];
        assert!(wire.ends_with(&octets(end)), "{wire:02x?}");
        let read = decode_with::<common_messages::SessionSetupReq<'_>>(wire, Trailing::Reject)
            .expect("both are read");
        assert_eq!(read.message, request);
        assert_eq!(read.canonical, form == EmptyText::AsCharacters);
    }
}

#[test]
fn a_full_buffer_tells_what_it_takes() {
    let needed = bytes(&charge_loop()).len();
    for length in 0..needed {
        let error = encode(&charge_loop(), &mut vec![0; length]).expect_err("too small");
        assert_eq!(error.kind(), ErrorKind::BufferTooSmall);
        assert_eq!(error.bit_offset().div_ceil(8) as usize, needed);
    }
}

#[test]
fn trailing_data_is_reported_or_refused() {
    let mut wire = bytes(&charge_loop());
    let length = wire.len();
    wire.extend([0xDE, 0xAD]);
    let decoded = decode_with::<dc::Message<'_>>(&wire, Trailing::Tolerate).expect("tolerated");
    assert_eq!(decoded.octets, length);
    let error = decode_with::<dc::Message<'_>>(&wire, Trailing::Reject).expect_err("rejected");
    assert_eq!(error.kind(), ErrorKind::TrailingData);
}

#[test]
fn a_string_table_reference_is_its_own_error() {
    // SessionSetupReq up to the event of EVCCID's text, then length 0: a hit.
    let request = common_messages::SessionSetupReq { header: HEADER, evcc_id: "A".into() };
    let mut wire = bytes(&request);
    let at = wire.len() - 3;
    assert_eq!(wire[at..], [0x01, 0xA0, 0x80], "the length is the octet from bit 1 on");
    wire[at] = 0;
    wire[at + 1] &= 0x7F;
    let error = decode::<common_messages::Message<'_>>(&wire).expect_err("no table");
    assert_eq!(error.kind(), ErrorKind::StringTable);
    assert_eq!(error.path().collect::<Vec<_>>(), ["EVCCID"]);
}

#[test]
fn a_signed_element_is_checked_over_the_bits_that_arrived() {
    let sub_certificates = [exi_codec::Bytes::new(&[4, 5])];
    let mode = PncAReqAuthorizationMode {
        id: "id1".into(),
        gen_challenge: core::array::from_fn(|index| index as u8),
        contract_certificate_chain: common_messages::ContractCertificateChain {
            certificate: (&[1, 2, 3]).into(),
            sub_certificates: List::new(&sub_certificates),
        },
        ..Default::default()
    };
    let fragment = common_messages::Fragment::PncAReqAuthorizationMode(mode);
    // A vector on which two independent codecs agree.
    let expected = octets("804b815a590c410000102030405060708090a0b0c0d0e0f003010203002040524680");
    assert_eq!(bytes(&fragment), expected);

    let signature = Signature { signed_info: SignedInfo::default(), ..Default::default() };
    let request = AuthorizationReq {
        header: MessageHeader { signature: Some(Lazy::new(&signature)), ..HEADER },
        selected_authorization_service: common_messages::Authorization::Pnc,
        authorization_mode: common_messages::AReqAuthorizationMode::Pnc(mode),
    };
    // A signature without a reference is against the schema.
    let mut out = [0; 512];
    assert_eq!(encode(&request, &mut out).expect_err("no reference").kind(), ErrorKind::TooFewItems);

    let request = AuthorizationReq { header: HEADER, ..request };
    let wire = bytes(&request);
    let read: AuthorizationReq<'_> = decode(&wire).expect("valid");
    let common_messages::AReqAuthorizationMode::Pnc(received) = read.authorization_mode else {
        panic!("the mode is PnC");
    };
    assert!(received.place.is_received() && received.place.is_canonical());
    let received = common_messages::Fragment::PncAReqAuthorizationMode(received);
    let length = received.encode_received(&mut out).expect("fits").expect("received");
    assert_eq!(out[..length], expected);
    assert_eq!(fragment.encode_received(&mut out), Ok(None), "what was built has no place");
}

#[test]
fn bidirectional_modes_keep_their_optional_limits_apart() {
    let mode = BptScheduledDcClReqControlMode {
        ev_target_current: Amperes::new(-25, 0),
        ev_target_voltage: Volts::new(400, 0),
        ev_maximum_voltage: Some(Volts::new(450, 0)),
        ev_maximum_discharge_power: Some(Watts::new(11, 3)),
        ..Default::default()
    };
    let request = DcChargeLoopReq { control_mode: ClReqControlMode::BptScheduled(mode), ..charge_loop() };
    let wire = bytes(&request);
    assert_eq!(decode::<dc::Message<'_>>(&wire), Ok(dc::Message::DcChargeLoopReq(request)));
}

/// An entry whose numbers take one to five octets, with and without the phases that are optional.
fn entry() -> impl Strategy<Value = PowerScheduleEntry> {
    let duration = prop_oneof![0_u32..200, 100_u32..20_000, any::<u32>()];
    let power = || prop_oneof![-200_i16..200, any::<i16>()].prop_map(|value| Watts::new(value, 1));
    (duration, power(), prop::option::weighted(0.2, power()), prop::option::weighted(0.2, power())).prop_map(
        |(duration, power, power_l2, power_l3)| PowerScheduleEntry { duration, power, power_l2, power_l3 },
    )
}

proptest! {
    /// Usual items are recognised by one comparison, the others read field by field: no mixture of both may show.
    #[test]
    fn long_lists_of_any_mixture_come_back(entries in prop::collection::vec(entry(), 1..60), cut in any::<prop::sample::Index>()) {
        let wire = bytes(&profile(&entries));
        let decoded = decode_with::<PowerDeliveryReq<'_>>(&wire, Trailing::Reject).expect("allowed");
        prop_assert!(decoded.canonical);
        let list = decoded.message.ev_power_profile.expect("present").ev_power_profile_entries;
        prop_assert_eq!(list.len(), entries.len());
        prop_assert!(list.iter().eq(entries.iter().copied()));
        let error = decode::<PowerDeliveryReq<'_>>(&wire[..cut.index(wire.len())]).expect_err("the input ends early");
        prop_assert_eq!(error.kind(), ErrorKind::UnexpectedEnd);
    }
}
