//! Tickets: off unless wanted, good once, bound to the vehicle's leaf, and never without a look at its certificate.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use v2g_pki::Algorithm;
use v2g_pki::issue::Entity;
use v2g_tls::{
    Alert, Config, Error, Handshake, PeerRole, Phase, Presented, Refusal, Resumption, Station,
    TicketLifetime, Vehicle, Verifier,
};

use common::{carry, connect, hierarchy, station_config, vehicle_config};

fn psk() -> Resumption {
    Resumption::Psk(TicketLifetime::from_secs(60).unwrap())
}

/// A vehicle that knows the status of its station by heart: a resumed session has no staple.
fn vehicle(resumption: Resumption) -> Vehicle {
    let hierarchy = hierarchy(Algorithm::P521);
    let verifier = common::of_stations(hierarchy);
    verifier.set_evidence(hierarchy.staples(Entity::Secc, common::now().plus(-common::DAY)), Vec::new());
    Vehicle::new(Config { resumption, verifier: Arc::new(verifier), ..vehicle_config(hierarchy) }).unwrap()
}

fn station(resumption: Resumption) -> Station {
    Station::new(Config { resumption, ..station_config(hierarchy(Algorithm::P521)) }).unwrap()
}

#[test]
fn it_is_off_unless_both_want_it() {
    for (ours, theirs) in
        [(Resumption::Off, Resumption::Off), (psk(), Resumption::Off), (Resumption::Off, psk())]
    {
        let (vehicle, station) = (vehicle(ours), station(theirs));
        for _ in 0..2 {
            let (client, server) = connect(&vehicle, &station);
            assert_eq!(client.peer().unwrap().handshake(), Handshake::Full);
            assert_eq!(server.peer().unwrap().handshake(), Handshake::Full);
        }
    }
}

#[test]
fn a_resumed_link_has_the_same_peers_and_says_what_it_is() {
    let (vehicle, station) = (vehicle(psk()), station(psk()));
    let (first, _) = connect(&vehicle, &station);
    let (client, server) = connect(&vehicle, &station);
    for (link, entity) in [(&client, Entity::Secc), (&server, Entity::Vehicle)] {
        let peer = link.peer().unwrap();
        assert_eq!(peer.handshake(), Handshake::Resumed);
        assert_eq!(peer.leaf(), hierarchy(Algorithm::P521).certificate(entity));
        assert!(peer.group().is_some(), "with a fresh key exchange");
    }
    assert_eq!(client.peer().unwrap().fingerprint(), first.peer().unwrap().fingerprint());
}

#[test]
fn another_station_does_not_know_the_ticket() {
    let vehicle = vehicle(psk());
    connect(&vehicle, &station(psk()));
    let (client, _) = connect(&vehicle, &station(psk()));
    assert_eq!(client.peer().unwrap().handshake(), Handshake::Full);
}

/// Refuses everybody from some moment on.
#[derive(Debug)]
struct Until<V>(V, Arc<AtomicBool>);

impl<V: Verifier> Verifier for Until<V> {
    fn verify(&self, presented: &Presented<'_>) -> Result<(), Refusal> {
        if self.1.load(Ordering::Relaxed) {
            return Err(Refusal::new(Alert::CertificateRevoked, "revoked since"));
        }
        self.0.verify(presented)
    }

    fn root_names(&self, role: PeerRole) -> Vec<Vec<u8>> {
        self.0.root_names(role)
    }
}

#[test]
fn a_certificate_that_was_revoked_since_does_not_resume() {
    let hierarchy = hierarchy(Algorithm::P521);
    let revoked = Arc::new(AtomicBool::new(false));
    let verifier = Until(common::of_vehicles(hierarchy), revoked.clone());
    let config = Config { resumption: psk(), verifier: Arc::new(verifier), ..station_config(hierarchy) };
    let (vehicle, station) = (vehicle(psk()), Station::new(config).unwrap());
    connect(&vehicle, &station);
    revoked.store(true, Ordering::Relaxed);

    let (mut client, mut server) = (vehicle.link(common::ADDRESS).unwrap(), station.link(None).unwrap());
    let (at_vehicle, at_station) = carry(&mut client, &mut server);
    assert!(matches!(at_station, Err(Error::Refused(_))), "{at_station:?}");
    assert_eq!(server.phase(), Phase::Failed);
    assert_eq!(server.read(&mut [0; 10]), 0);
    assert!(server.peer().is_none());
    at_vehicle.expect("the handshake itself was in order");
    assert_eq!(client.phase(), Phase::PeerClosed, "and then the station left");
}

#[test]
fn a_station_whose_status_is_no_longer_known_does_not_resume() {
    let hierarchy = hierarchy(Algorithm::P521);
    // The staple is the only statement about the leaf, and a resumed session has none.
    let config = Config { resumption: psk(), ..vehicle_config(hierarchy) };
    let (vehicle, station) = (Vehicle::new(config).unwrap(), station(psk()));
    connect(&vehicle, &station);
    let (mut client, mut server) = (vehicle.link(common::ADDRESS).unwrap(), station.link(None).unwrap());
    let (at_vehicle, _) = carry(&mut client, &mut server);
    assert_eq!(common::rule(at_vehicle), v2g_pki::Rule::StatusUnknown);
}
