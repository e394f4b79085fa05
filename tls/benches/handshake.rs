//! How long a mutual handshake takes, both ends on one thread, and how many bytes it moves.
#![allow(missing_docs, reason = "criterion's macros")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::sync::Arc;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use v2g_pki::Algorithm;
use v2g_pki::issue::Entity;
use v2g_tls::{Config, Phase, Resumption, Station, TicketLifetime, Vehicle};

use common::{ADDRESS, ALGORITHMS, DAY, End as _, connect, hierarchy, now, of_stations, station, vehicle};

fn handshakes(c: &mut Criterion) {
    let mut group = c.benchmark_group("handshake");
    group.sample_size(30);
    for &algorithm in ALGORITHMS {
        let hierarchy = hierarchy(algorithm);
        let (vehicle, station) = (vehicle(hierarchy), station(hierarchy));
        group.bench_function(format!("{algorithm:?}"), |b| b.iter(|| connect(&vehicle, &station)));

        let (mut client, mut server) = (vehicle.link(ADDRESS).unwrap(), station.link(None).unwrap());
        let (mut up, mut down) = (0, 0);
        while client.wants_transmit() || server.wants_transmit() {
            let (sent, answered) = (client.send(), server.send());
            up += sent.len();
            down += answered.len();
            server.receive(&sent).unwrap();
            client.receive(&answered).unwrap();
        }
        assert_eq!(server.phase(), Phase::Open);
        println!("handshake/{algorithm:?}: {up} bytes from the vehicle, {down} from the station");
    }

    let hierarchy = hierarchy(Algorithm::P521);
    let resumption = Resumption::Psk(TicketLifetime::from_secs(86_400).unwrap());
    let verifier = of_stations(hierarchy);
    verifier.set_evidence(hierarchy.staples(Entity::Secc, now().plus(-DAY)), Vec::new());
    let config = Config { resumption, verifier: Arc::new(verifier), ..common::vehicle_config(hierarchy) };
    let vehicle = Vehicle::new(config).unwrap();
    let station = Station::new(Config { resumption, ..common::station_config(hierarchy) }).unwrap();
    connect(&vehicle, &station);
    // Every resumption brings the ticket for the next one.
    group.bench_function("P521, resumed", |b| b.iter(|| connect(&vehicle, &station)));
    group.finish();
}

fn transfer(c: &mut Criterion) {
    let hierarchy = hierarchy(Algorithm::P521);
    let (mut client, mut server) = connect(&vehicle(hierarchy), &station(hierarchy));
    let mut buffer = vec![0; 1000];
    c.bench_function("message of 200 bytes, sealed and opened", |b| {
        b.iter_batched_ref(
            || [0x5a; 200],
            |message| {
                assert_eq!(client.write(&message[..]), 200);
                server.receive(&client.send()).unwrap();
                assert_eq!(server.read(&mut buffer), 200);
            },
            BatchSize::SmallInput,
        );
    });
}

criterion_group!(benches, handshakes, transfer);
criterion_main!(benches);
