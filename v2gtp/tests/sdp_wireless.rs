//! The machines over a wireless link: positioning that takes its time, and answers that say no.

use std::net::SocketAddrV6;
use std::time::Duration;

use proptest::prelude::*;
use v2gtp::{
    Answer, Coupling, DiagStatus, Diagnosis, Discovery, DiscoveryConfig, DiscoveryEvent, Endpoint,
    EndpointError, FixedId, Ignored, Instant, Listeners, PositioningDevices, Rejection, Responder,
    ResponderConfig, SdpMessage, SdpRequest, SdpResponse, Search, SearchFailure, Security, Serving,
    Transport, WirelessEvse, WirelessRequest, WirelessResponse, WirelessVehicle,
};

const PORT: u16 = 0xC351;

fn ms(millis: u64) -> Instant {
    Duration::from_millis(millis)
}

fn vehicle() -> SocketAddrV6 {
    "[fe80::e]:50000".parse().unwrap()
}

fn charger() -> SocketAddrV6 {
    "[fe80::c]:15118".parse().unwrap()
}

fn evse_id() -> FixedId<36> {
    FixedId::new("DE*ABC*E1").unwrap()
}

fn own() -> WirelessVehicle {
    WirelessVehicle {
        devices: PositioningDevices::LF_VEHICLE | PositioningDevices::CAMERA_VEHICLE,
        coupling: Coupling::Wpt,
        evid: FixedId::UNKNOWN_EVID,
        evse_id: FixedId::EMPTY,
    }
}

fn searching() -> Discovery {
    let config = DiscoveryConfig { search: Search::Wireless(own()), ..DiscoveryConfig::default() };
    let mut evcc = Discovery::new(config).unwrap();
    evcc.start(ms(0));
    evcc
}

fn serving() -> Responder {
    let serving = Serving::Wireless(Coupling::Wpt);
    let mut secc = Responder::new(ResponderConfig { serving, ..ResponderConfig::default() }).unwrap();
    secc.link_up();
    secc.listen(Listeners::Tls(Endpoint::new(*charger().ip(), PORT).unwrap()));
    secc
}

fn bytes(message: SdpMessage<'_>) -> Vec<u8> {
    let mut out = vec![0; message.buffer_len()];
    message.emit(&mut out).unwrap();
    out
}

fn server(address: &str) -> SdpResponse {
    let (security, transport) = (Security::Tls, Transport::Tcp);
    SdpResponse { address: address.parse().unwrap(), port: PORT, security, transport }
}

fn request() -> Vec<u8> {
    let WirelessVehicle { devices, coupling, evid, evse_id } = own();
    let (security, transport) = (Security::Tls, Transport::Tcp);
    bytes(SdpMessage::WirelessRequest(WirelessRequest {
        security,
        transport,
        devices,
        coupling,
        evid,
        evse_id,
    }))
}

fn response(server: SdpResponse, status: DiagStatus, evse_id: FixedId<36>) -> Vec<u8> {
    bytes(SdpMessage::WirelessResponse(WirelessResponse { server, status, coupling: Coupling::Wpt, evse_id }))
}

fn ongoing() -> Vec<u8> {
    response(server("fe80::c"), DiagStatus::Ongoing, FixedId::EMPTY)
}

fn found(id: Option<FixedId<36>>) -> Answer {
    Answer {
        endpoint: Endpoint::new(*charger().ip(), PORT).unwrap(),
        security: Security::Tls,
        responder: *charger().ip(),
        scope_id: 0,
        evse: Some(WirelessEvse { coupling: Coupling::Wpt, id }),
    }
}

#[test]
fn the_request_says_who_asks() {
    let mut evcc = searching();
    let mut expected = vec![0x01, 0xFE, 0x90, 0x02, 0, 0, 0, 61, 0x00, 0x00, 0x18, 0x00, 0x10];
    expected.extend([0; 13]);
    expected.extend(b"ZZ00000");
    expected.extend([0; 36]);
    let transmit = evcc.poll_transmit().unwrap();
    assert_eq!(transmit.datagram(), expected);
    assert_eq!(transmit.destination(), "[ff02::1]:15118".parse().unwrap());
}

#[test]
fn an_answer_that_search_is_ongoing_changes_neither_rhythm_nor_number() {
    let mut evcc = searching();
    let mut sent_at = Vec::new();
    let mut now = ms(0);
    loop {
        assert!(evcc.poll_transmit().is_some());
        sent_at.push(now);
        evcc.handle_input(now + ms(5), charger(), &ongoing()).unwrap();
        assert_eq!((evcc.poll_transmit(), evcc.poll_event()), (None, None));
        now = evcc.poll_timeout().unwrap();
        evcc.handle_timeout(now);
        if let Some(event) = evcc.poll_event() {
            let reason = SearchFailure::StillOngoing;
            assert_eq!(event, DiscoveryEvent::Failed { requests: 50, reason });
            break;
        }
    }
    assert_eq!(sent_at, (0..50).map(|n| ms(250 * n)).collect::<Vec<_>>());
    assert_eq!((now, evcc.poll_timeout()), (ms(12_500), None));
    assert_eq!(evcc.counters().answers, 50);
}

#[test]
fn ongoing_does_not_take_back_a_request_that_is_due() {
    let mut evcc = searching();
    assert!(evcc.poll_transmit().is_some());
    evcc.handle_timeout(ms(250));
    evcc.handle_input(ms(250), charger(), &ongoing()).unwrap();
    assert!(evcc.poll_transmit().is_some());
}

#[test]
fn no_answer_and_no_secc_are_told_apart() {
    let mut unheard = searching();
    while let Some(next) = unheard.poll_timeout() {
        unheard.handle_timeout(next);
    }
    let reason = SearchFailure::NoAnswer;
    assert_eq!(unheard.poll_event(), Some(DiscoveryEvent::Failed { requests: 50, reason }));

    let mut refused = searching();
    assert!(refused.poll_transmit().is_some());
    refused.handle_input(ms(5), charger(), &ongoing()).unwrap();
    refused.handle_timeout(ms(250));
    let no_secc = response(server("::"), DiagStatus::NoSecc, FixedId::EMPTY);
    refused.handle_input(ms(251), charger(), &no_secc).unwrap();
    let reason = SearchFailure::NoSecc;
    assert_eq!(refused.poll_event(), Some(DiscoveryEvent::Failed { requests: 2, reason }));
    assert_eq!((refused.poll_transmit(), refused.poll_timeout()), (None, None));
    assert_eq!(refused.handle_input(ms(252), charger(), &no_secc), Err(Rejection::NotSearching));
}

#[test]
fn the_search_ends_with_or_without_the_id_of_the_evse() {
    for (status, field, id) in [
        (DiagStatus::FinishedWithEvseId, evse_id(), Some(evse_id())),
        (DiagStatus::FinishedWithoutEvseId, FixedId::EMPTY, None),
        (DiagStatus::FinishedWithoutEvseId, evse_id(), None),
    ] {
        let mut evcc = searching();
        evcc.handle_input(ms(5), charger(), &response(server("fe80::c"), status, field)).unwrap();
        assert_eq!(evcc.poll_event(), Some(DiscoveryEvent::Found(found(id))));
    }
}

#[test]
fn another_evse_behind_the_same_server_is_a_conflict() {
    let at = |id| response(server("fe80::c"), DiagStatus::FinishedWithEvseId, id);
    let other = FixedId::new("DE*ABC*E2").unwrap();
    let mut evcc = searching();
    evcc.handle_input(ms(5), charger(), &at(evse_id())).unwrap();
    for late in [ongoing(), response(server("::"), DiagStatus::NoSecc, FixedId::EMPTY), at(evse_id())] {
        evcc.handle_input(ms(6), charger(), &late).unwrap();
        assert_eq!(evcc.poll_timeout(), Some(ms(255)));
    }
    evcc.handle_input(ms(7), charger(), &at(other)).unwrap();
    let (first, second) = (found(Some(evse_id())), found(Some(other)));
    assert_eq!(evcc.poll_event(), Some(DiscoveryEvent::Conflict { first, second }));
}

#[test]
fn bad_answers_do_not_end_the_search() {
    let mut evcc = searching();
    let mut judge = |datagram: &[u8]| evcc.handle_input(ms(1), charger(), datagram).unwrap_err();
    let wired = bytes(SdpMessage::Response(server("fe80::c")));
    assert!(matches!(judge(&wired), Rejection::UnexpectedType(_)));
    assert!(matches!(judge(&request()), Rejection::UnexpectedType(_)));
    let finished = DiagStatus::FinishedWithEvseId;
    let outside = response(server("2001:db8::c"), finished, evse_id());
    assert_eq!(judge(&outside), Rejection::Endpoint(EndpointError::NotLinkLocal));
    let plain = SdpResponse { security: Security::Plain, ..server("fe80::c") };
    assert_eq!(judge(&response(plain, finished, evse_id())), Rejection::Downgrade);
    let udp = SdpResponse { transport: Transport::ReservedUdp, ..server("fe80::c") };
    assert_eq!(judge(&response(udp, finished, evse_id())), Rejection::Transport);
    for id in [FixedId::EMPTY, FixedId::from_bytes([0xFF; 36])] {
        assert_eq!(judge(&response(server("fe80::c"), finished, id)), Rejection::EvseId);
    }
    assert_eq!((evcc.counters().refused, evcc.poll_event()), (7, None));
    assert_eq!(evcc.poll_timeout(), Some(ms(250)));
}

#[test]
fn a_wired_search_takes_no_wireless_answer() {
    let mut evcc = Discovery::new(DiscoveryConfig::default()).unwrap();
    evcc.start(ms(0));
    let wireless = response(server("fe80::c"), DiagStatus::FinishedWithEvseId, evse_id());
    let rejection = evcc.handle_input(ms(1), charger(), &wireless).unwrap_err();
    assert!(matches!(rejection, Rejection::UnexpectedType(_)));
}

#[test]
fn the_responder_says_what_was_diagnosed() {
    let mut secc = serving();
    for (now, (diagnosis, status, id)) in [
        (None, DiagStatus::Ongoing, FixedId::EMPTY),
        (Some(Diagnosis::Evse(evse_id())), DiagStatus::FinishedWithEvseId, evse_id()),
        (Some(Diagnosis::Evse(FixedId::EMPTY)), DiagStatus::FinishedWithoutEvseId, FixedId::EMPTY),
        (Some(Diagnosis::UnnamedEvse), DiagStatus::FinishedWithoutEvseId, FixedId::EMPTY),
        (Some(Diagnosis::NoSecc), DiagStatus::NoSecc, FixedId::EMPTY),
    ]
    .into_iter()
    .enumerate()
    {
        if let Some(diagnosis) = diagnosis {
            secc.diagnose(diagnosis);
        }
        let now = ms(250 * now as u64);
        assert_eq!(secc.handle_input(now, vehicle(), &request()), Ok(Security::Tls));
        let transmit = secc.poll_transmit().unwrap();
        assert_eq!(transmit.destination(), vehicle());
        assert_eq!(transmit.datagram(), response(server("fe80::c"), status, id), "{diagnosis:?}");
    }
}

#[test]
fn the_next_vehicle_does_not_inherit_the_place() {
    let mut secc = serving();
    secc.diagnose(Diagnosis::Evse(evse_id()));
    secc.link_down();
    secc.link_up();
    secc.handle_input(ms(0), vehicle(), &request()).unwrap();
    assert_eq!(secc.poll_transmit().unwrap().datagram(), ongoing());
}

#[test]
fn each_responder_serves_its_kind() {
    let (security, transport) = (Security::Tls, Transport::Tcp);
    let wired = bytes(SdpMessage::Request(SdpRequest { security, transport }));
    let ignored = serving().handle_input(ms(0), vehicle(), &wired).unwrap_err();
    assert!(matches!(ignored, Ignored::UnexpectedType(_)));

    let mut secc = Responder::new(ResponderConfig::default()).unwrap();
    secc.link_up();
    secc.listen(Listeners::Tls(Endpoint::new(*charger().ip(), PORT).unwrap()));
    let ignored = secc.handle_input(ms(0), vehicle(), &request()).unwrap_err();
    assert!(matches!(ignored, Ignored::UnexpectedType(_)));
}

proptest! {
    /// Both machines over a link that loses datagrams, with positioning that ends at some time.
    #[test]
    fn positioning_and_loss(
        lost in proptest::collection::vec(any::<bool>(), 1..40),
        known_from in 0u64..20_000,
        outcome in prop_oneof![
            Just(Diagnosis::Evse(evse_id())), Just(Diagnosis::UnnamedEvse), Just(Diagnosis::NoSecc),
        ],
    ) {
        let (mut evcc, mut secc) = (searching(), serving());
        let mut lost = lost.into_iter().cycle();
        let mut now = ms(0);
        let event = loop {
            if now >= ms(known_from) {
                secc.diagnose(outcome);
            }
            if let Some(ask) = evcc.poll_transmit() && lost.next() == Some(false) {
                secc.handle_input(now, vehicle(), ask.datagram()).unwrap();
            }
            if let Some(answer) = secc.poll_transmit() && lost.next() == Some(false) {
                evcc.handle_input(now, charger(), answer.datagram()).unwrap();
            }
            if let Some(event) = evcc.poll_event() {
                break event;
            }
            now = evcc.poll_timeout().unwrap();
            evcc.handle_timeout(now);
        };
        let answered = evcc.counters().answers > 0;
        let id = if outcome == Diagnosis::UnnamedEvse { None } else { Some(evse_id()) };
        match event {
            DiscoveryEvent::Found(answer) => {
                prop_assert!(outcome != Diagnosis::NoSecc && now >= ms(known_from));
                prop_assert_eq!(answer, found(id));
            }
            DiscoveryEvent::Failed { reason: SearchFailure::NoSecc, .. } => {
                prop_assert!(outcome == Diagnosis::NoSecc && now >= ms(known_from));
            }
            DiscoveryEvent::Failed { requests, reason } => {
                prop_assert_eq!((requests, now), (50, ms(12_500)));
                prop_assert_eq!(reason == SearchFailure::StillOngoing, answered);
            }
            DiscoveryEvent::Conflict { .. } => prop_assert!(false, "one SECC cannot conflict"),
        }
    }

    #[test]
    fn garbage_is_refused(body in proptest::collection::vec(any::<u8>(), 0..70), code in 0x9000u16..0x9006) {
        let mut datagram = vec![0x01, 0xFE];
        datagram.extend(code.to_be_bytes());
        datagram.extend((body.len() as u32).to_be_bytes());
        datagram.extend(body);
        let (mut evcc, mut secc) = (searching(), serving());
        let taken = evcc.handle_input(ms(1), charger(), &datagram).is_ok();
        prop_assert!(!taken || code == 0x9003);
        let answered = secc.handle_input(ms(1), vehicle(), &datagram).is_ok();
        prop_assert!(!answered || code == 0x9002);
        prop_assert_eq!(secc.poll_transmit().is_some(), answered);
    }
}
