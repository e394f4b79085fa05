//! What the tests share: hierarchies that are made once, both ends, and a wire between them.
#![allow(dead_code, reason = "not every test uses all of it")]

pub(crate) mod foreign;

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, OnceLock};

use v2g_pki::issue::{Entity, Hierarchy, Plan};
use v2g_pki::keystore::{KeyError, KeyKind, KeyRole, SoftwareStore};
use v2g_pki::status::Status;
use v2g_pki::{Algorithm, Algorithms, Conformance, Policy, Revocation, RootKind, Time};
use v2g_tls::rustls::AlertDescription;
use v2g_tls::rustls::pki_types::UnixTime;
use v2g_tls::rustls::time_provider::TimeProvider;
use v2g_tls::{
    Config, Credential, Error, Link, PathVerifier, Phase, Profile, Signer, Station, StoreSigner, Vehicle,
    Verifier,
};

pub(crate) const DAY: i64 = 86_400;
pub(crate) const ADDRESS: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// 2026-01-01.
pub(crate) fn start() -> Time {
    Time::from_date(2026, 1, 1).expect("a day")
}

/// Ten days later.
pub(crate) fn now() -> Time {
    start().plus(10 * DAY)
}

/// A clock that stands still.
#[derive(Debug)]
pub(crate) struct At(pub(crate) Time);

impl TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.unix()).expect("after 1970");
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)))
    }
}

/// The algorithms that are built in.
pub(crate) const ALGORITHMS: &[Algorithm] = if cfg!(feature = "curve448") {
    &[Algorithm::P521, Algorithm::P256, Algorithm::Ed448]
} else {
    &[Algorithm::P521, Algorithm::P256]
};

/// The hierarchy of an algorithm.
pub(crate) fn hierarchy(algorithm: Algorithm) -> &'static Hierarchy {
    static MADE: [OnceLock<Hierarchy>; 3] = [const { OnceLock::new() }; 3];
    let index = match algorithm {
        Algorithm::P521 => 0,
        Algorithm::P256 => 1,
        Algorithm::Ed448 => 2,
        Algorithm::P384 => panic!("TLS of V2G has no P-384"),
    };
    MADE[index].get_or_init(|| made(algorithm, 7))
}

/// Another hierarchy with other keys and the same names.
pub(crate) fn made(algorithm: Algorithm, seed: u8) -> Hierarchy {
    Hierarchy::new(Plan { algorithm, ..Plan::new([seed; 32], start()) }).expect("a plan")
}

/// The profile in which an algorithm is used.
pub(crate) fn profile(algorithm: Algorithm) -> Profile {
    if algorithm == Algorithm::P256 { Profile::Lab } else { Profile::V2g20 }
}

type Store = SoftwareStore<fn(&mut [u8]) -> Result<(), KeyError>, 2>;

fn random(out: &mut [u8]) -> Result<(), KeyError> {
    getrandom::fill(out).map_err(|_| KeyError::NoRandomness)
}

/// The key of somebody behind a handle.
pub(crate) fn signer(hierarchy: &Hierarchy, entity: Entity) -> Arc<dyn Signer> {
    let mut store = Store::new(random);
    let key = &hierarchy.get(entity).expect("issued").key;
    let role = if entity == Entity::Vehicle { KeyRole::Vehicle } else { KeyRole::Secc };
    let handle =
        store.load(KeyKind::Signing(key.algorithm()), role, &mut key.expose().to_vec()).expect("a key");
    Arc::new(StoreSigner::new(Arc::new(Mutex::new(store)), handle).expect("a signing key"))
}

pub(crate) fn chain(hierarchy: &Hierarchy, entity: Entity) -> Vec<Vec<u8>> {
    hierarchy.chain(entity).into_iter().map(<[u8]>::to_vec).collect()
}

/// Chain, handle, and for the station a staple that says all is well.
pub(crate) fn credential(hierarchy: &Hierarchy, entity: Entity) -> Arc<Credential> {
    let credential = Credential::new(chain(hierarchy, entity), signer(hierarchy, entity)).expect("they fit");
    if entity == Entity::Secc {
        credential.set_staple(hierarchy.ocsp(entity, Status::Good, now().plus(-DAY)));
    }
    Arc::new(credential)
}

pub(crate) fn roots(hierarchy: &Hierarchy) -> Vec<(RootKind, Vec<u8>)> {
    [RootKind::V2g, RootKind::Oem]
        .map(|kind| (kind, hierarchy.certificate(Entity::Root(kind)).to_vec()))
        .to_vec()
}

/// The strict policy for an algorithm.
pub(crate) fn policy(algorithm: Algorithm) -> Policy {
    let strict = Policy::new(v2g_pki::Edition::Y2022);
    Policy { algorithms: Algorithms::only(algorithm), conformance: Conformance::Strict, ..strict }
}

/// Validates what a vehicle sees: everything has to have a status. That of the authorities is known from elsewhere.
pub(crate) fn of_stations(hierarchy: &Hierarchy) -> PathVerifier {
    let verifier = PathVerifier::new(roots(hierarchy), policy(hierarchy.plan().algorithm)).expect("roots");
    verifier.set_evidence(hierarchy.staples(Entity::Secc, now().plus(-DAY)).split_off(1), Vec::new());
    verifier
}

/// Validates what a station sees: the status of vehicles comes later.
pub(crate) fn of_vehicles(hierarchy: &Hierarchy) -> PathVerifier {
    let policy = Policy { revocation: Revocation::Deferred, ..policy(hierarchy.plan().algorithm) };
    PathVerifier::new(roots(hierarchy), policy).expect("roots")
}

pub(crate) fn config(credentials: Vec<Arc<Credential>>, verifier: impl Verifier + 'static) -> Config {
    Config { time: Arc::new(At(now())), ..Config::new(credentials, Arc::new(verifier)) }
}

pub(crate) fn station_config(hierarchy: &Hierarchy) -> Config {
    Config {
        profile: profile(hierarchy.plan().algorithm),
        ..config(vec![credential(hierarchy, Entity::Secc)], of_vehicles(hierarchy))
    }
}

pub(crate) fn vehicle_config(hierarchy: &Hierarchy) -> Config {
    Config {
        profile: profile(hierarchy.plan().algorithm),
        ..config(vec![credential(hierarchy, Entity::Vehicle)], of_stations(hierarchy))
    }
}

pub(crate) fn station(hierarchy: &Hierarchy) -> Station {
    Station::new(station_config(hierarchy)).expect("a station")
}

pub(crate) fn vehicle(hierarchy: &Hierarchy) -> Vehicle {
    Vehicle::new(vehicle_config(hierarchy)).expect("a vehicle")
}

/// One end of a wire: ours or a foreign one.
pub(crate) trait End {
    fn send(&mut self) -> Vec<u8>;
    /// Takes everything.
    fn receive(&mut self, bytes: &[u8]) -> Result<(), Error>;
}

impl End for Link {
    fn send(&mut self) -> Vec<u8> {
        let mut sent = Vec::new();
        let mut chunk = [0; 100];
        loop {
            match self.poll_transmit(&mut chunk) {
                0 => return sent,
                len => sent.extend(&chunk[..len]),
            }
        }
    }

    fn receive(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        self.handle_input(&mut bytes)?;
        assert!(bytes.is_empty());
        Ok(())
    }
}

/// Carries bytes until nobody sends any; what each end made of it. An end that failed still sends its alert.
pub(crate) fn carry(client: &mut impl End, server: &mut impl End) -> (Result<(), Error>, Result<(), Error>) {
    let (mut at_client, mut at_server) = (Ok(()), Ok(()));
    loop {
        let (up, down) = (client.send(), server.send());
        if up.is_empty() && down.is_empty() {
            return (at_client, at_server);
        }
        if at_server.is_ok() && !up.is_empty() {
            at_server = server.receive(&up);
        }
        if at_client.is_ok() && !down.is_empty() {
            at_client = client.receive(&down);
        }
    }
}

/// Both links open, with data in both directions.
pub(crate) fn connect(vehicle: &Vehicle, station: &Station) -> (Link, Link) {
    let (mut client, mut server) = (vehicle.link(ADDRESS).unwrap(), station.link(None).unwrap());
    let (at_client, at_server) = carry(&mut client, &mut server);
    at_client.expect("the vehicle is content");
    at_server.expect("the station is content");
    assert_eq!((client.phase(), server.phase()), (Phase::Open, Phase::Open));
    (client, server)
}

/// The alert by which a peer ended the link.
pub(crate) fn alert(result: Result<(), Error>) -> AlertDescription {
    match result {
        Err(Error::Alert(alert)) => alert,
        other => panic!("no alert: {other:?}"),
    }
}

/// The rule for which our verifier refused the peer.
pub(crate) fn rule(result: Result<(), Error>) -> v2g_pki::Rule {
    match result {
        Err(Error::Refused(refusal)) => {
            refusal.reason().downcast_ref::<v2g_pki::Error>().expect("a reason of the path").rule()
        }
        other => panic!("not refused: {other:?}"),
    }
}
