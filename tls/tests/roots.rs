//! Root hints in both directions, and the choice of chains by them.

mod common;

use std::sync::Arc;

use v2g_pki::issue::{Entity, Hierarchy};
use v2g_pki::{Algorithm, Certificate, RootKind};
use v2g_tls::{Config, PeerRole, Presented, Profile, Refusal, Station, Vehicle, Verifier};

use common::foreign::{Foreign, Offer};
use common::{carry, connect, credential, hierarchy, made, station_config, vehicle_config};

/// A verifier with the decisions of one and the names of another.
#[derive(Debug)]
struct Naming<V>(V, Vec<Vec<u8>>);

impl<V: Verifier> Verifier for Naming<V> {
    fn verify(&self, presented: &Presented<'_>) -> Result<(), Refusal> {
        self.0.verify(presented)
    }

    fn root_names(&self, _: PeerRole) -> Vec<Vec<u8>> {
        self.1.clone()
    }
}

fn subject(hierarchy: &Hierarchy, kind: RootKind) -> Vec<u8> {
    let der = hierarchy.certificate(Entity::Root(kind));
    Certificate::parse(der).unwrap().subject().der().to_vec()
}

#[test]
fn each_end_lists_the_roots_of_its_peers_role() {
    let hierarchy = hierarchy(Algorithm::P521);
    let verifier = common::of_stations(hierarchy);
    assert_eq!(verifier.root_names(PeerRole::Station), [subject(hierarchy, RootKind::V2g)]);
    let both = [subject(hierarchy, RootKind::V2g), subject(hierarchy, RootKind::Oem)];
    assert_eq!(verifier.root_names(PeerRole::Vehicle), both);
}

#[test]
fn the_chain_has_a_key_that_the_vehicle_can_check() {
    let (lab, street) = (hierarchy(Algorithm::P256), hierarchy(Algorithm::P521));
    let credentials = vec![credential(lab, Entity::Secc), credential(street, Entity::Secc)];
    let config = Config { credentials, profile: Profile::Lab, ..station_config(street) };
    let station = Station::new(config).unwrap();
    let (client, _) = connect(&Vehicle::new(vehicle_config(street)).unwrap(), &station);
    assert_eq!(
        client.peer().unwrap().leaf(),
        street.certificate(Entity::Secc),
        "not the first, which is P-256"
    );
}

/// Sends names of roots and returns which of two chains the station sent.
fn chosen(station: &Station, names: Vec<Vec<u8>>, anchors: &Hierarchy) -> Vec<u8> {
    let verifier = Naming(Anybody, names);
    let vehicle = Vehicle::new(Config { verifier: Arc::new(verifier), ..vehicle_config(anchors) }).unwrap();
    let (client, _) = connect(&vehicle, station);
    client.peer().unwrap().leaf().to_vec()
}

/// Trusts every chain.
#[derive(Debug)]
struct Anybody;

impl Verifier for Anybody {
    fn verify(&self, _: &Presented<'_>) -> Result<(), Refusal> {
        Ok(())
    }

    fn root_names(&self, _: PeerRole) -> Vec<Vec<u8>> {
        Vec::new()
    }
}

#[test]
fn the_listed_roots_choose_the_chain() {
    let ours = hierarchy(Algorithm::P521);
    // Two chains under roots of different names, both with P-521: that of the station, and that of the vehicle.
    let credentials = vec![credential(ours, Entity::Secc), credential(ours, Entity::Vehicle)];
    let station = Station::new(Config { credentials, ..station_config(ours) }).unwrap();
    let (v2g, oem) = (subject(ours, RootKind::V2g), subject(ours, RootKind::Oem));
    let (first, second) = (ours.certificate(Entity::Secc), ours.certificate(Entity::Vehicle));
    assert_eq!(chosen(&station, vec![v2g.clone()], ours), first);
    assert_eq!(chosen(&station, vec![oem.clone()], ours), second);
    assert_eq!(chosen(&station, vec![oem, v2g], ours), first, "ours are in the order of our preference");
    assert_eq!(chosen(&station, Vec::new(), ours), first, "no list: free choice");
    let nobody = subject(ours, RootKind::Mo);
    assert_eq!(chosen(&station, vec![nobody], ours), first, "no match: the fallback");
}

#[test]
fn the_station_lists_roots_too_and_the_vehicle_chooses() {
    let ours = hierarchy(Algorithm::P521);
    let credentials = vec![credential(ours, Entity::Secc), credential(ours, Entity::Vehicle)];
    let vehicle = Vehicle::new(Config { credentials, ..vehicle_config(ours) }).unwrap();
    let verifier = Naming(common::of_vehicles(ours), vec![subject(ours, RootKind::Oem)]);
    let station = Station::new(Config { verifier: Arc::new(verifier), ..station_config(ours) }).unwrap();
    let (_, server) = connect(&vehicle, &station);
    assert_eq!(server.peer().unwrap().leaf(), ours.certificate(Entity::Vehicle));
}

#[test]
fn a_client_without_hints_gets_the_first_chain() {
    let ours = hierarchy(Algorithm::P521);
    let mut client = Foreign::client(&Offer::all(), Some((ours, Entity::Vehicle)));
    let mut server = common::station(ours).link(None).unwrap();
    let (at_client, at_server) = carry(&mut client, &mut server);
    at_client.and(at_server).unwrap();
    assert_eq!(client.0.peer_certificates().unwrap()[0].as_ref(), ours.certificate(Entity::Secc));
}

#[test]
fn other_keys_under_the_same_name_are_no_match_for_the_verifier() {
    let (ours, stranger) = (hierarchy(Algorithm::P521), made(Algorithm::P521, 11));
    let station = Station::new(station_config(&stranger)).unwrap();
    let mut client = Vehicle::new(vehicle_config(ours)).unwrap().link(common::ADDRESS).unwrap();
    let (at_vehicle, _) = carry(&mut client, &mut station.link(None).unwrap());
    assert_eq!(common::rule(at_vehicle), v2g_pki::Rule::UnknownRoot);
}
