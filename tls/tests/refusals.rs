//! What is refused, why, and what the peer is told.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use v2g_pki::issue::{Entity, Fault};
use v2g_pki::status::Status;
use v2g_pki::{Algorithm, Policy, Role, Rule};
use v2g_tls::rustls::{AlertDescription, CipherSuite, NamedGroup, SignatureScheme};
use v2g_tls::{
    Alert, AuthorityStatus, Config, Credential, Error, PathVerifier, PeerRole, Phase, Presented, Refusal,
    Scheme, SignError, Signer, Station, Vehicle, Verifier,
};

use common::foreign::{Foreign, Offer};
use common::{
    At, DAY, End as _, alert, carry, chain, connect, credential, hierarchy, made, now, rule, signer, station,
    station_config, vehicle, vehicle_config,
};

/// What happens between a vehicle and a station: at the one and at the other.
fn between(vehicle: &Vehicle, station: &Station) -> (Result<(), Error>, Result<(), Error>) {
    let (mut client, mut server) = (vehicle.link(common::ADDRESS).unwrap(), station.link(None).unwrap());
    let ends = carry(&mut client, &mut server);
    let failed = [&ends.0, &ends.1].map(Result::is_err);
    assert_eq!([client.phase(), server.phase()].map(|phase| phase == Phase::Failed), failed);
    ends
}

fn vehicle_with(change: impl FnOnce(Config) -> Config) -> Vehicle {
    Vehicle::new(change(vehicle_config(hierarchy(Algorithm::P521)))).unwrap()
}

fn station_with(change: impl FnOnce(Config) -> Config) -> Station {
    Station::new(change(station_config(hierarchy(Algorithm::P521)))).unwrap()
}

#[test]
fn nothing_but_the_profile_is_agreed_on() {
    let hierarchy = hierarchy(Algorithm::P521);
    let all = Offer::all();
    let offers = [
        Offer { groups: vec![NamedGroup::secp256r1], ..all.clone() },
        Offer { schemes: vec![SignatureScheme::ECDSA_NISTP256_SHA256], ..all.clone() },
        Offer { schemes: vec![SignatureScheme::ECDSA_NISTP384_SHA384], ..all.clone() },
        Offer { suites: vec![CipherSuite::TLS13_AES_128_GCM_SHA256], ..all.clone() },
    ];
    for offer in offers {
        let mut client = Foreign::client(&offer, Some((hierarchy, Entity::Vehicle)));
        let mut ours = station(hierarchy).link(None).unwrap();
        let (at_client, at_server) = carry(&mut client, &mut ours);
        assert!(matches!(at_server, Err(Error::Incompatible(_))), "{offer:?}: {at_server:?}");
        assert_eq!(alert(at_client), AlertDescription::HandshakeFailure, "{offer:?}");

        let mut ours = vehicle(hierarchy).link(common::ADDRESS).unwrap();
        let mut server = Foreign::server(&offer, (hierarchy, Entity::Secc));
        let (at_client, at_server) = carry(&mut ours, &mut server);
        if offer.schemes == all.schemes {
            assert!(at_server.is_err(), "{offer:?}");
            assert_eq!(alert(at_client), AlertDescription::HandshakeFailure, "{offer:?}");
        } else {
            // Such a station does not ask for the signatures that the vehicle makes.
            assert!(at_server.is_err() || at_client.is_err(), "{offer:?}");
        }
    }
}

#[test]
fn a_lab_peer_is_refused_on_the_street() {
    let lab = hierarchy(Algorithm::P256);
    let (at_vehicle, at_station) = between(&vehicle(lab), &station(hierarchy(Algorithm::P521)));
    assert!(at_vehicle.is_err() && at_station.is_err());
    let (at_vehicle, at_station) = between(&vehicle(hierarchy(Algorithm::P521)), &station(lab));
    assert!(at_vehicle.is_err() && at_station.is_err());
}

#[test]
fn an_old_version_is_answered_with_protocol_version() {
    // supported_versions: 1.2 alone.
    let mut hello = vec![22, 3, 1, 0, 0, 1, 0, 0, 0, 3, 3];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0xc0, 0x2c, 1, 0]);
    let extensions: [&[u8]; 3] =
        [&[0, 43, 0, 3, 2, 3, 3], &[0, 10, 0, 4, 0, 2, 0, 25], &[0, 13, 0, 4, 0, 2, 6, 3]];
    let extensions = extensions.concat();
    hello.extend((extensions.len() as u16).to_be_bytes());
    hello.extend(extensions);
    let len = hello.len() as u16 - 5;
    hello[3..5].copy_from_slice(&len.to_be_bytes());
    hello[7..9].copy_from_slice(&(len - 4).to_be_bytes());

    let mut server = station(hierarchy(Algorithm::P521)).link(None).unwrap();
    assert!(matches!(server.receive(&hello), Err(Error::Incompatible(_))));
    assert_eq!(server.send(), [21, 3, 3, 0, 2, 2, 70], "protocol_version");
}

#[test]
fn a_vehicle_without_a_certificate_is_refused() {
    let anonymous = vehicle_with(|config| Config { credentials: Vec::new(), ..config });
    let (at_vehicle, at_station) = between(&anonymous, &station(hierarchy(Algorithm::P521)));
    assert!(matches!(at_station, Err(Error::NoCertificate)), "{at_station:?}");
    assert_eq!(alert(at_vehicle), AlertDescription::CertificateRequired);
}

#[test]
fn roots_that_are_not_ours_are_refused_though_their_names_are() {
    let stranger = made(Algorithm::P521, 8);
    let ours = hierarchy(Algorithm::P521);
    let (at_vehicle, at_station) = between(&vehicle(&stranger), &station(ours));
    assert_eq!(rule(at_vehicle), Rule::UnknownRoot, "the vehicle looks first");
    assert_eq!(alert(at_station), AlertDescription::UnknownCA);

    let trusting =
        Vehicle::new(Config { verifier: Arc::new(common::of_stations(ours)), ..vehicle_config(&stranger) });
    let (at_vehicle, at_station) = between(&trusting.unwrap(), &station(ours));
    assert_eq!(rule(at_station), Rule::UnknownRoot);
    assert_eq!(alert(at_vehicle), AlertDescription::UnknownCA);
}

#[test]
fn a_role_is_not_another() {
    let ours = hierarchy(Algorithm::P521);
    for (entity, rules) in [
        (Entity::Secc, &[Rule::ExtendedKeyUsage, Rule::DomainComponent, Rule::KeyUsageForbidden][..]),
        (Entity::Contract(0), &[Rule::UnknownRoot]),
    ] {
        let masked = vehicle_with(|config| Config { credentials: vec![credential(ours, entity)], ..config });
        let (at_vehicle, at_station) = between(&masked, &station(ours));
        let rule = rule(at_station);
        assert!(rules.contains(&rule), "{entity:?}: {rule:?}");
        let told = alert(at_vehicle);
        let expected = if rule == Rule::UnknownRoot {
            AlertDescription::UnknownCA
        } else {
            AlertDescription::UnsupportedCertificate
        };
        assert_eq!(told, expected, "{entity:?}");
    }
    let masked =
        station_with(|config| Config { credentials: vec![credential(ours, Entity::Vehicle)], ..config });
    let (at_vehicle, at_station) = between(&vehicle(ours), &masked);
    assert_eq!(rule(at_vehicle), Rule::UnknownRoot, "vehicles have no V2G root here");
    assert_eq!(alert(at_station), AlertDescription::UnknownCA);
}

#[test]
fn time_passes() {
    let ours = hierarchy(Algorithm::P521);
    for (days, expected) in [(-1, Rule::NotYetValid), (40 * 365, Rule::Expired)] {
        let at = Arc::new(At(common::start().plus(days * DAY)));
        let late = station_with(|config| Config { time: at.clone(), ..config });
        let (at_vehicle, at_station) = between(&vehicle(ours), &late);
        assert_eq!(rule(at_station), expected);
        assert_eq!(alert(at_vehicle), AlertDescription::CertificateExpired);
        let late = vehicle_with(|config| Config { time: at, ..config });
        let (at_vehicle, at_station) = between(&late, &station(ours));
        assert_eq!(rule(at_vehicle), expected);
        assert_eq!(alert(at_station), AlertDescription::CertificateExpired);
    }
}

/// The alerts for the faults of `v2g-pki`.
fn told(rule: Rule) -> AlertDescription {
    match rule {
        Rule::Expired | Rule::NotYetValid => AlertDescription::CertificateExpired,
        Rule::Revoked => AlertDescription::CertificateRevoked,
        Rule::UnknownRoot => AlertDescription::UnknownCA,
        Rule::StatusUnknown | Rule::StatusStale | Rule::StatusSignature | Rule::StatusSigner => {
            AlertDescription::BadCertificateStatusResponse
        }
        Rule::DomainComponent
        | Rule::ExtendedKeyUsage
        | Rule::KeyUsageMissing
        | Rule::KeyUsageForbidden
        | Rule::NotCritical
        | Rule::CommonName
        | Rule::UnknownCriticalExtension
        | Rule::UnsupportedConstraint => AlertDescription::UnsupportedCertificate,
        _ => AlertDescription::BadCertificate,
    }
}

#[test]
fn every_fault_of_a_station_is_refused_for_its_rule_with_its_alert() {
    let ours = hierarchy(Algorithm::P521);
    let mut seen = 0;
    for fault in Fault::ALL.iter().filter(|fault| fault.role() == Role::Secc) {
        let faulty = fault.chain(ours);
        let verifier = PathVerifier::new(faulty.roots.clone(), faulty.policy).unwrap();
        verifier.set_evidence(faulty.ocsp.iter().skip(1).cloned().collect(), Vec::new());
        let vehicle = vehicle_with(|config| Config {
            verifier: Arc::new(verifier),
            time: Arc::new(At(faulty.now)),
            ..config
        });
        let (mut client, staple) = (vehicle.link(common::ADDRESS).unwrap(), faulty.ocsp.first().cloned());
        let identity = (ours, Entity::Secc);
        let mut server = Foreign::server_with(&Offer::all(), identity, faulty.chain.clone(), staple);
        let (at_vehicle, at_station) = carry(&mut client, &mut server);
        assert_eq!(rule(at_vehicle), faulty.rule, "{}", fault.name());
        assert_eq!(alert(at_station), told(faulty.rule), "{}", fault.name());
        seen += 1;
    }
    assert!(seen >= 25, "{seen}");
}

#[test]
fn a_station_has_to_staple() {
    let ours = hierarchy(Algorithm::P521);
    let stapling = |response: Option<Vec<u8>>| {
        let credential = credential(ours, Entity::Secc);
        credential.set_staple(response);
        station_with(|config| Config { credentials: vec![credential], ..config })
    };
    let staple = |status, day| ours.ocsp(Entity::Secc, status, now().plus(day * DAY));
    for (response, expected) in [
        (None, Rule::StatusUnknown),
        (staple(Status::Good, -8), Rule::StatusStale),
        (staple(Status::Revoked, -1), Rule::Revoked),
    ] {
        let (at_vehicle, at_station) = between(&vehicle(ours), &stapling(response));
        assert_eq!(rule(at_vehicle), expected);
        assert_eq!(alert(at_station), told(expected));
    }
    connect(&vehicle(ours), &stapling(staple(Status::Good, -1)));
}

#[test]
fn what_rustls_does_not_staple_has_to_be_known_or_deferred() {
    let ours = hierarchy(Algorithm::P521);
    let verifier = |authorities| {
        PathVerifier::new(common::roots(ours), common::policy(Algorithm::P521))
            .unwrap()
            .authorities(authorities)
    };
    let knowing =
        |verifier: PathVerifier| vehicle_with(|config| Config { verifier: Arc::new(verifier), ..config });

    let (at_vehicle, _) = between(&knowing(verifier(AuthorityStatus::AsLeaf)), &station(ours));
    assert_eq!(rule(at_vehicle), Rule::StatusUnknown, "nothing about the authorities");
    let deferring = Arc::new(verifier(AuthorityStatus::Deferred));
    let (client, _) =
        connect(&vehicle_with(|config| Config { verifier: deferring.clone(), ..config }), &station(ours));

    // The look after the handshake: what the staple said is remembered.
    let certificates = client.peer().unwrap().certificates();
    let now_again = now().unix() as u64;
    let again = Presented { role: PeerRole::Station, chain: &certificates, staple: None, now: now_again };
    let look =
        || deferring.examine(&again, common::policy(Algorithm::P521), |_| ()).map_err(|error| error.rule());
    assert_eq!(look(), Err(Rule::StatusUnknown));
    deferring.set_evidence(ours.staples(Entity::Secc, now().plus(-DAY)).split_off(1), Vec::new());
    assert_eq!(look(), Ok(()));

    // By revocation lists instead.
    let by_lists = verifier(AuthorityStatus::AsLeaf);
    let authorities: Vec<Entity> = ours.path(Entity::Secc).into_iter().skip(1).collect();
    let lists = |revoked: &[Entity]| {
        let issuers = authorities.iter().map(|authority| authority.issuer(ours.plan().levels));
        issuers.filter_map(|issuer| ours.crl(issuer, revoked, now().plus(-DAY))).collect::<Vec<_>>()
    };
    by_lists.set_evidence(Vec::new(), lists(&[]));
    connect(&knowing(by_lists), &station(ours));

    // Deferred does not mean forgiven.
    let revoked = verifier(AuthorityStatus::Deferred);
    revoked.set_evidence(Vec::new(), lists(&authorities[..1]));
    assert_eq!(rule(between(&knowing(revoked), &station(ours)).0), Rule::Revoked);
    let unstapled = credential(ours, Entity::Secc);
    unstapled.set_staple(None);
    let unstapled = station_with(|config| Config { credentials: vec![unstapled], ..config });
    let (at_vehicle, _) = between(&knowing(verifier(AuthorityStatus::Deferred)), &unstapled);
    assert_eq!(rule(at_vehicle), Rule::StatusUnknown, "the leaf has to have a status");
}

#[test]
fn what_was_learned_counts_until_it_expires() {
    let ours = hierarchy(Algorithm::P521);
    let verifier = common::of_stations(ours);
    let owned = chain(ours, Entity::Secc);
    let chain: Vec<&[u8]> = owned.iter().map(Vec::as_slice).collect();
    let staple = ours.ocsp(Entity::Secc, Status::Good, now().plus(-DAY)).unwrap();
    let at = |staple, days| Presented {
        role: PeerRole::Station,
        chain: &chain,
        staple,
        now: now().plus(days * DAY).unix() as u64,
    };
    assert!(verifier.verify(&at(None, 0)).is_err());
    verifier.learn(&at(Some(&staple), 0)).unwrap();
    verifier.set_evidence(Vec::new(), Vec::new());
    verifier.verify(&at(None, 0)).unwrap();
    verifier.verify(&at(None, 1)).unwrap();
    let old = verifier.verify(&at(None, 6)).unwrap_err();
    assert_eq!(old.alert(), Alert::BadStatusResponse);
    assert!(verifier.learn(&at(None, 6)).is_err());
    let identity = verifier
        .examine(&at(None, 0), Policy::new(v2g_pki::Edition::Y2022), |valid| valid.identity().to_owned());
    assert!(identity.unwrap().contains('S'), "a SECCID");
}

/// A verifier that refuses everybody for one reason.
#[derive(Debug)]
struct Refuses(Alert);

impl Verifier for Refuses {
    fn verify(&self, _: &Presented<'_>) -> Result<(), Refusal> {
        Err(Refusal::new(self.0, "not today"))
    }

    fn root_names(&self, _: PeerRole) -> Vec<Vec<u8>> {
        Vec::new()
    }
}

#[test]
fn every_refusal_has_its_alert_and_keeps_its_reason() {
    let ours = hierarchy(Algorithm::P521);
    for (refusal, expected) in [
        (Alert::BadCertificate, AlertDescription::BadCertificate),
        (Alert::UnsupportedCertificate, AlertDescription::UnsupportedCertificate),
        (Alert::CertificateRevoked, AlertDescription::CertificateRevoked),
        (Alert::CertificateExpired, AlertDescription::CertificateExpired),
        (Alert::CertificateUnknown, AlertDescription::CertificateUnknown),
        (Alert::UnknownCa, AlertDescription::UnknownCA),
        (Alert::AccessDenied, AlertDescription::AccessDenied),
        (Alert::BadStatusResponse, AlertDescription::BadCertificateStatusResponse),
    ] {
        let refuses: Arc<dyn Verifier> = Arc::new(Refuses(refusal));
        let station_refuses = station_with(|config| Config { verifier: refuses.clone(), ..config });
        let (at_vehicle, at_station) = between(&vehicle(ours), &station_refuses);
        assert_eq!(at_station.unwrap_err().to_string(), "the peer's certificate is refused: not today");
        assert_eq!(alert(at_vehicle), expected);
        let vehicle_refuses = vehicle_with(|config| Config { verifier: refuses, ..config });
        let (at_vehicle, at_station) = between(&vehicle_refuses, &station(ours));
        assert_eq!(at_vehicle.unwrap_err().to_string(), "the peer's certificate is refused: not today");
        assert_eq!(alert(at_station), expected);
    }
}

/// A device that signs the probe rightly and then with another key.
#[derive(Debug)]
struct Turncoat {
    first: Arc<dyn Signer>,
    then: Arc<dyn Signer>,
    turned: AtomicBool,
}

impl Signer for Turncoat {
    fn scheme(&self) -> Scheme {
        self.first.scheme()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        if self.turned.swap(true, Ordering::Relaxed) {
            self.then.sign(message)
        } else {
            self.first.sign(message)
        }
    }
}

/// A key that is not that of the certificate: the chain of another, and no possession.
#[test]
fn a_stolen_chain_without_its_key_is_refused() {
    let ours = hierarchy(Algorithm::P521);
    let thief = signer(ours, Entity::Vehicle);
    assert!(Credential::new(chain(ours, Entity::Secc), thief).is_err(), "not by accident");

    let (first, then) = (signer(ours, Entity::Secc), signer(ours, Entity::Vehicle));
    let turncoat = Turncoat { first, then, turned: false.into() };
    let stolen = Credential::new(chain(ours, Entity::Secc), Arc::new(turncoat)).unwrap();
    stolen.set_staple(ours.ocsp(Entity::Secc, Status::Good, now().plus(-DAY)));
    let station = station_with(|config| Config { credentials: vec![Arc::new(stolen)], ..config });
    let (at_vehicle, at_station) = between(&vehicle(ours), &station);
    assert!(matches!(at_vehicle, Err(Error::NoPossession)), "{at_vehicle:?}");
    assert_eq!(alert(at_station), AlertDescription::DecryptError);
}
