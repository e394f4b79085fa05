//! Datagrams to the SDP messages and to both machines, on a wired link and on a wireless one.
#![no_main]

use std::net::{Ipv6Addr, SocketAddrV6};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use v2gtp::{
    Coupling, DiagStatus, Diagnosis, Discovery, DiscoveryConfig, DiscoveryEvent, Endpoint, FixedId,
    Listeners, PositioningDevices, Responder, ResponderConfig, SdpMessage, SdpResponse, Search,
    SearchFailure, Serving, WirelessVehicle,
};

const NOW: Duration = Duration::ZERO;

fuzz_target!(|datagram: &[u8]| {
    let message = SdpMessage::parse(datagram).ok();
    if let Some(message) = message {
        let mut out = vec![0; message.buffer_len()];
        assert_eq!(message.emit(&mut out), Ok(out.len()));
        assert_eq!(SdpMessage::parse(&out), Ok(message));
    }
    let vehicle = WirelessVehicle {
        devices: PositioningDevices::default(),
        coupling: Coupling::Underbody,
        evid: FixedId::UNKNOWN_EVID,
        evse_id: FixedId::EMPTY,
    };
    for search in [Search::Wired, Search::Wireless(vehicle)] {
        vehicle_hears(search, datagram, message);
    }
    for serving in [Serving::Wired, Serving::Wireless(Coupling::Underbody)] {
        charger_hears(serving, datagram, message);
    }
});

fn peer() -> SocketAddrV6 {
    SocketAddrV6::new(Ipv6Addr::new(0xFE80, 0, 0, 0, 0, 0, 0, 1), 50_000, 0, 0)
}

/// What the vehicle reports is what the datagram says, in the words of the link that it searches on.
fn vehicle_hears(search: Search, datagram: &[u8], message: Option<SdpMessage<'_>>) {
    let mut evcc =
        Discovery::new(DiscoveryConfig { search, ..Default::default() }).expect("default settings");
    evcc.start(NOW);
    let taken = evcc.handle_input(NOW, peer(), datagram).is_ok();
    let found = |event: DiscoveryEvent, response: SdpResponse| {
        let DiscoveryEvent::Found(answer) = event else { panic!("{event:?}") };
        assert!(taken);
        let address = answer.socket_addr();
        assert_eq!((*address.ip(), address.port()), (response.address, response.port));
        assert_eq!(answer.security, response.security);
        answer
    };
    match (search, evcc.poll_event(), message) {
        (Search::Wired, Some(event), Some(SdpMessage::Response(response))) => {
            assert_eq!(found(event, response).evse, None);
        }
        (Search::Wireless(_), Some(event), Some(SdpMessage::WirelessResponse(response))) => {
            if response.status == DiagStatus::NoSecc {
                assert!(matches!(event, DiscoveryEvent::Failed { reason: SearchFailure::NoSecc, .. }));
                return;
            }
            let evse = found(event, response.server).evse.expect("a wireless search ends at an EVSE");
            assert_eq!(evse.coupling, response.coupling);
            assert_eq!(evse.id.is_some(), response.status == DiagStatus::FinishedWithEvseId);
            assert!(evse.id.is_none_or(|id| id == response.evse_id));
        }
        (Search::Wireless(_), None, Some(SdpMessage::WirelessResponse(response))) if taken => {
            assert_eq!(response.status, DiagStatus::Ongoing);
        }
        (_, None, _) => assert!(!taken),
        unexpected => panic!("{unexpected:?}"),
    }
}

/// The charger answers requests of the link that it serves, and nothing else.
fn charger_hears(serving: Serving, datagram: &[u8], message: Option<SdpMessage<'_>>) {
    let server = Endpoint::new(*peer().ip(), 50_001).expect("link-local");
    for diagnosis in [Diagnosis::Ongoing, Diagnosis::UnnamedEvse, Diagnosis::NoSecc] {
        let mut secc =
            Responder::new(ResponderConfig { serving, ..Default::default() }).expect("default settings");
        secc.link_up();
        secc.listen(Listeners::Tls(server));
        secc.diagnose(diagnosis);
        let answered = secc.handle_input(NOW, peer(), datagram).is_ok();
        assert_eq!(secc.poll_transmit().is_some(), answered);
        assert!(
            !answered
                || matches!(
                    (serving, message),
                    (Serving::Wired, Some(SdpMessage::Request(_)))
                        | (Serving::Wireless(_), Some(SdpMessage::WirelessRequest(_)))
                )
        );
    }
}
