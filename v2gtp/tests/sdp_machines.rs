//! The machines of vehicle and charger, each by its rules and both together under virtual time.

use std::collections::BTreeMap;
use std::net::SocketAddrV6;
use std::time::Duration;

use proptest::prelude::*;
use v2gtp::{
    Answer, ConfigError, Discovery, DiscoveryConfig, DiscoveryEvent, Endpoint, EndpointError, Ignored,
    Instant, Listeners, Mismatch, Rejection, Responder, ResponderConfig, SdpError, SdpMessage, SdpRequest,
    SdpResponse, SearchFailure, Security, TlsDowngrade, Transport,
};

const LINK: u32 = 3;

fn ms(millis: u64) -> Instant {
    Duration::from_millis(millis)
}

fn vehicle() -> SocketAddrV6 {
    SocketAddrV6::new("fe80::e".parse().unwrap(), 50_000, 0, LINK)
}

fn charger() -> SocketAddrV6 {
    SocketAddrV6::new("fe80::c".parse().unwrap(), v2gtp::SDP_PORT, 0, LINK)
}

fn endpoint(port: u16) -> Endpoint {
    Endpoint::new(*charger().ip(), port).unwrap()
}

fn bytes(message: SdpMessage<'_>) -> Vec<u8> {
    let mut out = vec![0; message.buffer_len()];
    message.emit(&mut out).unwrap();
    out
}

fn request(security: Security, transport: Transport) -> Vec<u8> {
    bytes(SdpMessage::Request(SdpRequest { security, transport }))
}

fn response(address: &str, port: u16, security: Security) -> Vec<u8> {
    let address = address.parse().unwrap();
    bytes(SdpMessage::Response(SdpResponse { address, port, security, transport: Transport::Tcp }))
}

fn answer(port: u16, security: Security) -> Answer {
    Answer { endpoint: endpoint(port), security, responder: *charger().ip(), scope_id: LINK, evse: None }
}

fn searching(config: DiscoveryConfig) -> Discovery {
    let mut evcc = Discovery::new(config).unwrap();
    evcc.start(ms(0));
    evcc
}

fn config() -> DiscoveryConfig {
    DiscoveryConfig { scope_id: LINK, ..DiscoveryConfig::default() }
}

fn serving(listeners: Listeners) -> Responder {
    let mut secc = Responder::new(ResponderConfig { scope_id: LINK, ..ResponderConfig::default() }).unwrap();
    secc.link_up();
    secc.listen(listeners);
    secc
}

#[test]
fn evcc_asks_fifty_times_and_fails() {
    let mut evcc = searching(config());
    let mut sent_at = Vec::new();
    let mut now = ms(0);
    loop {
        if let Some(transmit) = evcc.poll_transmit() {
            assert_eq!(transmit.destination(), "[ff02::1%3]:15118".parse().unwrap());
            assert_eq!(transmit.datagram(), [0x01, 0xFE, 0x90, 0x00, 0, 0, 0, 2, 0x00, 0x00]);
            sent_at.push(now);
        }
        assert_eq!(evcc.poll_transmit(), None);
        let Some(next) = evcc.poll_timeout() else { break };
        assert_eq!(evcc.poll_event(), None);
        evcc.handle_timeout(next.saturating_sub(ms(1)));
        assert_eq!(evcc.poll_transmit(), None);
        now = next;
        evcc.handle_timeout(now);
    }
    assert_eq!(sent_at, (0..50).map(|n| ms(250 * n)).collect::<Vec<_>>());
    assert_eq!(now, ms(12_500));
    assert_eq!(
        evcc.poll_event(),
        Some(DiscoveryEvent::Failed { requests: 50, reason: SearchFailure::NoAnswer })
    );
    assert_eq!(evcc.poll_event(), None);
    assert_eq!(evcc.counters().requests, 50);
    let late = response("fe80::c", 50_001, Security::Tls);
    assert_eq!(evcc.handle_input(now, charger(), &late), Err(Rejection::NotSearching));
}

#[test]
fn a_late_timer_does_not_cause_a_burst() {
    let mut evcc = searching(config());
    assert!(evcc.poll_transmit().is_some());
    evcc.handle_timeout(ms(2_000));
    assert!(evcc.poll_transmit().is_some());
    evcc.handle_timeout(ms(2_249));
    assert!(evcc.poll_transmit().is_none());
    assert_eq!(evcc.poll_timeout(), Some(ms(2_250)));
}

#[test]
fn evcc_waits_through_bad_answers() {
    use Security::{Plain, Tls};
    let mut evcc = searching(config());
    let mut judge = |from: SocketAddrV6, datagram: &[u8]| {
        let verdict = evcc.handle_input(ms(1), from, datagram);
        assert_eq!(evcc.poll_event(), None);
        verdict.unwrap_err()
    };
    let here = charger();
    let elsewhere = SocketAddrV6::new(*here.ip(), here.port(), 0, LINK + 1);
    assert!(matches!(judge(here, &[]), Rejection::Malformed(SdpError::Frame(_))));
    assert!(matches!(judge(here, &request(Tls, Transport::Tcp)), Rejection::UnexpectedType(_)));
    assert_eq!(judge(elsewhere, &response("fe80::c", 1, Tls)), Rejection::Interface(LINK + 1));
    for (address, port, error) in [
        ("fe80::c", 0, EndpointError::PortZero),
        ("::", 1, EndpointError::Unspecified),
        ("ff02::1", 1, EndpointError::Multicast),
        ("2001:db8::c", 1, EndpointError::NotLinkLocal),
    ] {
        assert_eq!(judge(here, &response(address, port, Tls)), Rejection::Endpoint(error));
    }
    assert_eq!(judge(here, &response("fe80::c", 1, Plain)), Rejection::Downgrade);
    let mut udp = response("fe80::c", 1, Tls);
    udp[27] = 0x10;
    assert_eq!(judge(here, &udp), Rejection::Transport);

    evcc.handle_input(ms(2), here, &response("fe80::c", 50_001, Tls)).unwrap();
    assert_eq!(evcc.poll_event(), Some(DiscoveryEvent::Found(answer(50_001, Tls))));
    let counters = evcc.counters();
    assert_eq!((counters.malformed, counters.refused, counters.answers), (1, 8, 1));
}

#[test]
fn downgrade_is_a_setting_and_an_upgrade_is_not_one() {
    let mut lenient = searching(DiscoveryConfig { downgrade: TlsDowngrade::Accept, ..config() });
    lenient.handle_input(ms(1), charger(), &response("fe80::c", 9, Security::Plain)).unwrap();
    assert_eq!(lenient.poll_event(), Some(DiscoveryEvent::Found(answer(9, Security::Plain))));

    let mut plain = searching(DiscoveryConfig { security: Security::Plain, ..config() });
    assert_eq!(plain.poll_transmit().unwrap().datagram()[8..], [0x10, 0x00]);
    plain.handle_input(ms(1), charger(), &response("fe80::c", 9, Security::Tls)).unwrap();
    assert_eq!(plain.poll_event(), Some(DiscoveryEvent::Found(answer(9, Security::Tls))));
}

#[test]
fn an_answer_cancels_the_request_that_is_due() {
    let mut evcc = searching(config());
    assert!(evcc.poll_transmit().is_some());
    evcc.handle_timeout(ms(250));
    evcc.handle_input(ms(250), charger(), &response("fe80::c", 9, Security::Tls)).unwrap();
    assert_eq!(evcc.poll_transmit(), None);
}

#[test]
fn conflicts_are_reported_within_the_window_only() {
    let first = response("fe80::c", 9, Security::Tls);
    let second = response("fe80::c", 10, Security::Tls);
    let conflict =
        DiscoveryEvent::Conflict { first: answer(9, Security::Tls), second: answer(10, Security::Tls) };

    let mut evcc = searching(config());
    evcc.handle_input(ms(10), charger(), &first).unwrap();
    assert_eq!(evcc.poll_event(), Some(DiscoveryEvent::Found(answer(9, Security::Tls))));
    evcc.handle_input(ms(20), charger(), &first).unwrap();
    assert_eq!(evcc.poll_event(), None);
    assert_eq!(evcc.poll_timeout(), Some(ms(260)));
    evcc.handle_input(ms(259), charger(), &second).unwrap();
    assert_eq!(evcc.poll_event(), Some(conflict));
    assert_eq!(evcc.poll_timeout(), None);

    let mut undrained = searching(config());
    undrained.handle_input(ms(10), charger(), &first).unwrap();
    undrained.handle_input(ms(11), charger(), &second).unwrap();
    assert_eq!(undrained.poll_event(), Some(conflict));
    assert_eq!(undrained.poll_event(), None);

    let mut late = searching(config());
    late.handle_input(ms(10), charger(), &first).unwrap();
    assert_eq!(late.handle_input(ms(260), charger(), &second), Err(Rejection::NotSearching));

    let mut never = searching(DiscoveryConfig { conflict_window: Duration::ZERO, ..config() });
    never.handle_input(ms(10), charger(), &first).unwrap();
    assert_eq!(never.poll_timeout(), None);
    assert_eq!(never.handle_input(ms(10), charger(), &second), Err(Rejection::NotSearching));
}

#[test]
fn settings_outside_the_standard_are_refused() {
    let new = |resend_after, max_requests| {
        Discovery::new(DiscoveryConfig { resend_after, max_requests, ..config() }).err()
    };
    assert_eq!(new(ms(249), 50), Some(ConfigError::ResendTooSoon));
    assert_eq!(new(ms(250), 51), Some(ConfigError::RequestCount(51)));
    assert_eq!(new(ms(250), 0), Some(ConfigError::RequestCount(0)));
    assert_eq!(new(ms(250), 1), None);
    let unlimited = ResponderConfig { answer_interval: Duration::ZERO, ..ResponderConfig::default() };
    assert_eq!(Responder::new(unlimited).err(), Some(ConfigError::RateLimit));
}

#[test]
fn secc_answers_only_with_link_and_listener() {
    let ask = request(Security::Tls, Transport::Tcp);
    let mut secc = Responder::new(ResponderConfig::default()).unwrap();
    assert_eq!(secc.handle_input(ms(0), vehicle(), &ask), Err(Ignored::Disabled));
    secc.link_up();
    assert_eq!(secc.handle_input(ms(0), vehicle(), &ask), Err(Ignored::Disabled));
    secc.listen(Listeners::Tls(endpoint(0xC351)));
    assert_eq!(secc.handle_input(ms(0), vehicle(), &ask), Ok(Security::Tls));
    let transmit = secc.poll_transmit().unwrap();
    assert_eq!(transmit.destination(), vehicle());
    let mut expected = vec![0x01, 0xFE, 0x90, 0x01, 0, 0, 0, 20];
    expected.extend(charger().ip().octets());
    expected.extend([0xC3, 0x51, 0x00, 0x00]);
    assert_eq!(transmit.datagram(), expected);

    assert_eq!(secc.handle_input(ms(500), vehicle(), &ask), Ok(Security::Tls));
    secc.link_down();
    assert_eq!(secc.poll_transmit(), None);
    assert_eq!(secc.handle_input(ms(999), vehicle(), &ask), Err(Ignored::Disabled));
    secc.link_up();
    assert_eq!(secc.handle_input(ms(999), vehicle(), &ask), Ok(Security::Tls));
    secc.stop_listening();
    assert_eq!(secc.poll_transmit(), None);
}

#[test]
fn secc_negotiates_security() {
    use Security::{Plain, Tls};
    let (tls, plain) = (endpoint(1), endpoint(2));
    let table = [
        (Listeners::Tls(tls), Mismatch::Offer, Tls, Ok((Tls, 1))),
        (Listeners::Tls(tls), Mismatch::Offer, Plain, Ok((Tls, 1))),
        (Listeners::Tls(tls), Mismatch::Silence, Plain, Err(Ignored::Security)),
        (Listeners::Plain(plain), Mismatch::Offer, Tls, Ok((Plain, 2))),
        (Listeners::Plain(plain), Mismatch::Silence, Tls, Err(Ignored::Security)),
        (Listeners::Plain(plain), Mismatch::Silence, Plain, Ok((Plain, 2))),
        (Listeners::Both { tls, plain }, Mismatch::Silence, Tls, Ok((Tls, 1))),
        (Listeners::Both { tls, plain }, Mismatch::Silence, Plain, Ok((Plain, 2))),
    ];
    for (listeners, mismatch, wanted, expected) in table {
        let mut secc = Responder::new(ResponderConfig { mismatch, ..ResponderConfig::default() }).unwrap();
        secc.link_up();
        secc.listen(listeners);
        let result = secc.handle_input(ms(0), vehicle(), &request(wanted, Transport::Tcp));
        assert_eq!(result, expected.map(|(security, _)| security), "{listeners:?} {wanted:?}");
        match expected {
            Ok((security, port)) => {
                assert_eq!(secc.poll_transmit().unwrap().datagram(), response("fe80::c", port, security));
            }
            Err(_) => assert_eq!(secc.poll_transmit(), None),
        }
    }
}

#[test]
fn secc_ignores_what_it_cannot_serve() {
    let mut secc = serving(Listeners::Tls(endpoint(1)));
    let ask = request(Security::Tls, Transport::Tcp);
    let mut ignored = |from, datagram: &[u8]| secc.handle_input(ms(0), from, datagram).unwrap_err();
    assert!(matches!(ignored(vehicle(), &ask[..9]), Ignored::Malformed(_)));
    let own = response("fe80::c", 1, Security::Tls);
    assert!(matches!(ignored(vehicle(), &own), Ignored::UnexpectedType(_)));
    let udp = request(Security::Tls, Transport::ReservedUdp);
    assert_eq!(ignored(vehicle(), &udp), Ignored::Transport);
    assert_eq!(ignored("[fe80::e%9]:50000".parse().unwrap(), &ask), Ignored::Interface(9));
    assert_eq!(ignored("[2001:db8::e]:50000".parse().unwrap(), &ask), Ignored::Sender);
    assert_eq!(ignored("[fe80::e]:0".parse().unwrap(), &ask), Ignored::Sender);
    assert_eq!(secc.poll_transmit(), None);
    assert_eq!((secc.counters().malformed, secc.counters().ignored), (1, 5));
}

#[test]
fn secc_bounds_its_answers() {
    let mut secc = serving(Listeners::Tls(endpoint(1)));
    let ask = request(Security::Tls, Transport::Tcp);
    let mut flood = |now, requests| {
        (0..requests)
            .filter(|_| secc.handle_input(now, vehicle(), &ask).is_ok() && secc.poll_transmit().is_some())
            .count()
    };
    assert_eq!(flood(ms(0), 1000), 8);
    assert_eq!(flood(ms(99), 1000), 0);
    assert_eq!(flood(ms(100), 1000), 1);
    assert_eq!(flood(ms(10_000), 1000), 8);
    assert_eq!(secc.counters().answered, 17);
    assert_eq!(secc.counters().rate_limited, 4000 - 17);

    assert!(secc.handle_input(ms(20_000), vehicle(), &ask).is_ok());
    assert_eq!(secc.handle_input(ms(20_000), vehicle(), &ask), Err(Ignored::RateLimited));
}

/// What the link does to one datagram: arrival delays of its copies, ms; none if it is lost.
type Fate = Vec<u16>;

/// Runs both machines until the vehicle is at rest. The link delivers by `fates`, in turn and repeatedly.
fn simulate(fates: &[Fate], serve_from: Instant) -> (Vec<(Instant, DiscoveryEvent)>, Discovery, Responder) {
    let mut evcc = searching(config());
    let mut secc = serving(Listeners::Tls(endpoint(50_001)));
    secc.link_down();
    let mut wire: BTreeMap<(Instant, usize), (SocketAddrV6, Vec<u8>)> = BTreeMap::new();
    let mut fates = fates.iter().cycle();
    let (mut now, mut count, mut events) = (ms(0), 0, Vec::new());
    loop {
        if now >= serve_from {
            secc.link_up();
        }
        let sent = evcc.poll_transmit().map(|t| (vehicle(), t));
        for (from, transmit) in sent.into_iter().chain(secc.poll_transmit().map(|t| (charger(), t))) {
            for delay in fates.next().into_iter().flatten() {
                wire.insert((now + ms((*delay).into()), count), (from, transmit.datagram().to_vec()));
                count += 1;
            }
        }
        events.extend(evcc.poll_event().map(|event| (now, event)));

        let arrival = wire.first_key_value().map(|((at, _), _)| *at);
        let Some(next) = arrival.into_iter().chain(evcc.poll_timeout()).min() else { break };
        now = next;
        if arrival == Some(now) {
            let (_, (from, datagram)) = wire.pop_first().unwrap();
            if from == vehicle() {
                let _ = secc.handle_input(now, from, &datagram);
            } else {
                let _ = evcc.handle_input(now, from, &datagram);
            }
        } else {
            evcc.handle_timeout(now);
        }
    }
    (events, evcc, secc)
}

#[test]
fn the_machines_find_each_other_once_the_link_is_up() {
    let (events, evcc, secc) = simulate(&[vec![5]], ms(600));
    assert_eq!(events, [(ms(760), DiscoveryEvent::Found(answer(50_001, Security::Tls)))]);
    assert_eq!(evcc.counters().requests, 4);
    assert_eq!(secc.counters().answered, 1);
    assert_eq!(secc.counters().ignored, 3);
}

proptest! {
    #[test]
    fn loss_duplication_and_delay(
        fates in proptest::collection::vec(proptest::collection::vec(0u16..2_000, 0..4), 1..20),
        serve_from in 0u64..15_000,
    ) {
        let (events, evcc, secc) = simulate(&fates, ms(serve_from));
        prop_assert_eq!(events.len(), 1);
        let (at, event) = events[0];
        prop_assert!(at <= ms(12_500));
        prop_assert!(evcc.counters().requests <= 50);
        match event {
            DiscoveryEvent::Found(found) => {
                prop_assert_eq!(found, answer(50_001, Security::Tls));
                prop_assert!(at >= ms(serve_from));
            }
            DiscoveryEvent::Failed { requests, reason } => {
                prop_assert_eq!((requests, reason), (50, SearchFailure::NoAnswer));
                prop_assert_eq!(evcc.counters().answers, 0);
                if serve_from < 5_000 {
                    prop_assert!(fates.iter().any(Vec::is_empty));
                }
            }
            DiscoveryEvent::Conflict { .. } => prop_assert!(false, "one server cannot conflict"),
        }
        // Eight at once and ten per second, whatever the link does.
        prop_assert!(u64::from(secc.counters().answered) <= 8 + 16_500 / 100);
    }

    #[test]
    fn garbage_stops_neither_machine(
        garbage in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..20),
    ) {
        let mut evcc = searching(config());
        let mut secc = serving(Listeners::Tls(endpoint(50_001)));
        for datagram in &garbage {
            prop_assert!(evcc.handle_input(ms(1), charger(), datagram).is_err());
            prop_assert!(secc.handle_input(ms(1), vehicle(), datagram).is_err());
        }
        let ask = evcc.poll_transmit().unwrap();
        prop_assert_eq!(secc.handle_input(ms(2), vehicle(), ask.datagram()), Ok(Security::Tls));
        let reply = secc.poll_transmit().unwrap();
        prop_assert!(evcc.handle_input(ms(2), charger(), reply.datagram()).is_ok());
        prop_assert_eq!(evcc.poll_event(), Some(DiscoveryEvent::Found(answer(50_001, Security::Tls))));
    }
}
