//! Links between both ends of ours, and between ours and foreign ones: every curve with every suite and group.

mod common;

use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use sha2::{Digest as _, Sha512};
use v2g_pki::Algorithm;
use v2g_pki::issue::Entity;
use v2g_tls::rustls::NamedGroup;
use v2g_tls::{Config, Credential, CredentialError, Handshake, Phase, Scheme, SignError, Signer, Station};

use common::foreign::{Foreign, Offer};
use common::{
    ALGORITHMS, End as _, carry, chain, connect, hierarchy, signer, station, station_config, vehicle,
};

#[test]
fn both_ends_open_a_link_and_know_each_other() {
    for &algorithm in ALGORITHMS {
        let hierarchy = hierarchy(algorithm);
        let (mut client, mut server) = connect(&vehicle(hierarchy), &station(hierarchy));
        for (link, entity) in [(&client, Entity::Secc), (&server, Entity::Vehicle)] {
            let peer = link.peer().unwrap();
            assert_eq!(peer.chain(), chain(hierarchy, entity));
            assert_eq!(peer.fingerprint(), <[u8; 64]>::from(Sha512::digest(hierarchy.certificate(entity))));
            assert_eq!(peer.handshake(), Handshake::Full);
            assert_eq!(
                peer.group(),
                Some(NamedGroup::secp521r1),
                "our first choice, whatever the certificates"
            );
        }
        let message = [0x5a; 3000];
        assert_eq!(client.write(&message), message.len());
        let (at_client, at_server) = carry(&mut client, &mut server);
        at_client.and(at_server).unwrap();
        let mut received = vec![0; 4000];
        assert_eq!(server.read(&mut received), message.len());
        assert_eq!(received[..message.len()], message);
        assert_eq!(server.read(&mut received), 0);

        server.close();
        let (at_client, at_server) = carry(&mut client, &mut server);
        at_client.and(at_server).unwrap();
        assert_eq!(client.phase(), Phase::PeerClosed);
        client.handle_end().expect("an end that was announced");
        server.handle_end().expect_err("one that was not");
    }
}

#[test]
fn every_curve_goes_with_every_suite_and_group_in_both_roles() {
    let all = Offer::all();
    let mut combinations = 0;
    for &algorithm in ALGORITHMS {
        let hierarchy = hierarchy(algorithm);
        for &suite in &all.suites {
            for &group in &all.groups {
                if group == NamedGroup::secp256r1 && algorithm != Algorithm::P256 {
                    continue;
                }
                let offer = Offer { suites: vec![suite], groups: vec![group], ..all.clone() };
                let mut client = Foreign::client(&offer, Some((hierarchy, Entity::Vehicle)));
                let mut ours = station(hierarchy).link(None).unwrap();
                let (at_client, at_server) = carry(&mut client, &mut ours);
                at_client.and(at_server).unwrap();
                let peer = ours.peer().unwrap();
                assert_eq!((peer.suite(), peer.group()), (suite, Some(group)));

                // The status of this station is known from elsewhere.
                let config = common::vehicle_config(hierarchy);
                let verifier = common::of_stations(hierarchy);
                verifier.set_evidence(hierarchy.staples(Entity::Secc, common::now()), Vec::new());
                let config = Config { verifier: Arc::new(verifier), ..config };
                let mut ours = v2g_tls::Vehicle::new(config).unwrap().link(common::ADDRESS).unwrap();
                let mut server = Foreign::server(&offer, (hierarchy, Entity::Secc));
                let (at_client, at_server) = carry(&mut ours, &mut server);
                at_client.and(at_server).unwrap();
                let peer = ours.peer().unwrap();
                assert_eq!((peer.suite(), peer.group()), (suite, Some(group)));
                combinations += 1;
            }
        }
    }
    assert_eq!(combinations, if cfg!(feature = "curve448") { 14 } else { 6 });
}

#[test]
fn a_client_with_the_wrong_share_first_is_asked_again() {
    let hierarchy = hierarchy(Algorithm::P521);
    let offer = Offer { groups: vec![NamedGroup::secp256r1, NamedGroup::secp521r1], ..Offer::all() };
    let mut client = Foreign::client(&offer, Some((hierarchy, Entity::Vehicle)));
    let mut server = station(hierarchy).link(None).unwrap();
    let (at_client, at_server) = carry(&mut client, &mut server);
    at_client.and(at_server).unwrap();
    assert_eq!(server.peer().unwrap().group(), Some(NamedGroup::secp521r1));
    assert_eq!(server.peer().unwrap().handshake(), Handshake::Full);
}

#[test]
fn keys_may_be_renewed_under_way() {
    let hierarchy = hierarchy(Algorithm::P521);
    let mut client = Foreign::client(&Offer::all(), Some((hierarchy, Entity::Vehicle)));
    let mut server = station(hierarchy).link(None).unwrap();
    let (at_client, at_server) = carry(&mut client, &mut server);
    at_client.and(at_server).unwrap();
    client.0.refresh_traffic_keys().unwrap();
    let (at_client, at_server) = carry(&mut client, &mut server);
    at_client.and(at_server).unwrap();
    server.write(b"still here");
    let (at_client, at_server) = carry(&mut client, &mut server);
    at_client.and(at_server).unwrap();
    let mut received = [0; 20];
    assert_eq!(std::io::Read::read(&mut client.0.reader(), &mut received).unwrap(), 10);
}

#[test]
fn nothing_is_sent_or_read_before_the_link_is_open() {
    let hierarchy = hierarchy(Algorithm::P521);
    let mut client = vehicle(hierarchy).link(common::ADDRESS).unwrap();
    assert_eq!(client.phase(), Phase::Handshake);
    assert_eq!(client.write(b"too early"), 0);
    assert_eq!(client.read(&mut [0; 10]), 0);
    assert!(client.peer().is_none());
}

/// A message, and where its signature goes.
type Question = (Vec<u8>, mpsc::Sender<Vec<u8>>);

/// A token on a thread of its own: what this process has of the key is a way to ask for signatures.
#[derive(Debug)]
struct Token {
    scheme: Scheme,
    ask: Mutex<mpsc::Sender<Question>>,
}

impl Signer for Token {
    fn scheme(&self) -> Scheme {
        self.scheme
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let (answer, signature) = mpsc::channel();
        let asked = self.ask.lock().unwrap().send((message.to_vec(), answer));
        asked.map_err(|_| SignError::new("the token was pulled out"))?;
        signature.recv().map_err(SignError::new)
    }
}

#[test]
fn a_key_that_is_only_a_handle_is_enough() {
    let hierarchy = hierarchy(Algorithm::P521);
    let inside = signer(hierarchy, Entity::Secc);
    let scheme = inside.scheme();
    let (ask, asked) = mpsc::channel::<Question>();
    let token = std::thread::spawn(move || {
        // Two signatures, then the token is gone.
        for (message, answer) in asked.iter().take(2) {
            answer.send(inside.sign(&message).unwrap()).unwrap();
        }
    });
    let token_signer = Arc::new(Token { scheme, ask: Mutex::new(ask) });
    let credential = Credential::new(chain(hierarchy, Entity::Secc), token_signer).unwrap();
    credential.set_staple(hierarchy.ocsp(Entity::Secc, v2g_pki::status::Status::Good, common::now()));
    let config = Config { credentials: vec![Arc::new(credential)], ..station_config(hierarchy) };
    let station = Station::new(config).unwrap();
    connect(&vehicle(hierarchy), &station);
    token.join().unwrap();

    let (mut client, mut server) =
        (vehicle(hierarchy).link(common::ADDRESS).unwrap(), station.link(None).unwrap());
    let error = server.receive(&client.send()).unwrap_err().to_string();
    assert!(error.contains("pulled out"), "{error}");
    // rustls has no alert for that: the vehicle sees the end of the connection.
    client.receive(&server.send()).unwrap();
    assert_eq!(client.phase(), Phase::Handshake);
    client.handle_end().unwrap_err();
}

#[test]
fn chain_and_key_have_to_fit() {
    let hierarchy = hierarchy(Algorithm::P521);
    let of = |entity| Credential::new(chain(hierarchy, entity), signer(hierarchy, Entity::Secc)).map(|_| ());
    assert!(of(Entity::Secc).is_ok());
    assert!(matches!(of(Entity::Vehicle), Err(CredentialError::KeyMismatch)));
    let other = signer(common::hierarchy(Algorithm::P256), Entity::Secc);
    let mixed = Credential::new(chain(hierarchy, Entity::Secc), other);
    assert!(matches!(mixed, Err(CredentialError::Scheme { handle: Scheme::EcdsaP256Sha256, .. })));
    let none = Credential::new(Vec::new(), signer(hierarchy, Entity::Secc));
    assert!(matches!(none, Err(CredentialError::Empty)));
    let mut broken = chain(hierarchy, Entity::Secc);
    broken[1].push(0);
    let broken = Credential::new(broken, signer(hierarchy, Entity::Secc));
    assert!(matches!(broken, Err(CredentialError::Certificate { index: 1, .. })));
}
