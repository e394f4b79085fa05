//! Sockets, blocking and with tokio, and the hand-over of older clients.

mod common;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use v2g_pki::Algorithm;
use v2g_pki::issue::Entity;
use v2g_tls::rustls::AlertDescription;
use v2g_tls::{Accepted, Error, HelloError, Vehicle};

use common::{ADDRESS, hierarchy, made, station, vehicle, vehicle_config};

/// A ClientHello of a client that knows TLS 1.2, without extensions, in two records, and a byte more.
fn older() -> Vec<u8> {
    let mut message = vec![1, 0, 0, 41, 3, 3];
    message.extend([7; 32]);
    message.extend([0, 0, 2, 0xc0, 0x23, 1, 0]);
    let (first, second) = message.split_at(20);
    let mut bytes = vec![22, 3, 1, 0, 20];
    bytes.extend(first);
    bytes.extend([22, 3, 1, 0, second.len() as u8]);
    bytes.extend(second);
    bytes.push(0xee);
    bytes
}

fn sockets() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((ADDRESS, 0)).unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

#[test]
fn data_passes_over_a_blocking_socket() {
    let hierarchy = hierarchy(Algorithm::P521);
    let (near, far) = sockets();
    let server = thread::spawn(move || {
        let Ok(Accepted::Secured(mut stream)) = station(hierarchy).accept(far) else { panic!("not secured") };
        assert_eq!(stream.peer().unwrap().leaf(), hierarchy.certificate(Entity::Vehicle));
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        stream.write_all(&all).unwrap();
        stream.close().unwrap();
    });
    let mut stream = vehicle(hierarchy).connect(ADDRESS, near).unwrap();
    let message: Vec<u8> = (0..100_000_u32).map(|n| n as u8).collect();
    stream.write_all(&message).unwrap();
    stream.close().unwrap();
    let mut echo = Vec::new();
    stream.read_to_end(&mut echo).unwrap();
    assert!(echo == message);
    server.join().unwrap();
}

#[test]
fn an_end_without_a_word_is_an_error() {
    let hierarchy = hierarchy(Algorithm::P521);
    let (near, far) = sockets();
    let server = thread::spawn(move || station(hierarchy).accept(far).map(drop).unwrap());
    let mut stream = vehicle(hierarchy).connect(ADDRESS, near).unwrap();
    server.join().unwrap();
    assert_eq!(stream.read(&mut [0; 10]).unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
}

#[test]
fn older_clients_are_handed_on_with_every_byte() {
    let (mut near, far) = sockets();
    near.write_all(&older()).unwrap();
    let Ok(Accepted::Older(mut replay)) = station(hierarchy(Algorithm::P521)).accept(far) else { panic!() };
    let mut bytes = vec![0; older().len()];
    near.write_all(b"more").unwrap();
    replay.read_exact(&mut bytes[..3]).unwrap();
    assert_eq!(replay.unread().len(), older().len() - 3);
    replay.read_exact(&mut bytes[3..]).unwrap();
    assert_eq!(bytes, older());
    replay.write_all(b"answer").unwrap();
    let mut answer = [0; 6];
    near.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"answer", "and nothing before it");
    let (unread, mut socket) = replay.into_parts();
    assert!(unread.is_empty());
    let mut more = [0; 4];
    socket.read_exact(&mut more).unwrap();
    assert_eq!(&more, b"more");
}

#[test]
fn what_is_not_tls_gets_no_answer_and_what_is_malformed_an_alert() {
    let cases: [(&[u8], HelloError, &[u8]); 2] = [
        (&[1, 0xfe, 0x80, 1, 0, 0, 0, 0], HelloError::NotTls, &[]),
        (&[22, 3, 1, 0, 4, 2, 0, 0, 0], HelloError::NotClientHello, &[21, 3, 3, 0, 2, 2, 10]),
    ];
    for (sent, expected, answer) in cases {
        let (mut near, far) = sockets();
        near.write_all(sent).unwrap();
        let error = station(hierarchy(Algorithm::P521)).accept(far).map(drop).unwrap_err();
        assert!(matches!(error, Error::Hello(found) if found == expected), "{error:?}");
        let mut received = Vec::new();
        near.read_to_end(&mut received).unwrap();
        assert_eq!(received, answer);
    }
}

#[test]
fn refusals_over_a_blocking_socket_have_their_reason_and_alert() {
    let ours = hierarchy(Algorithm::P521);
    let (near, far) = sockets();
    let server = thread::spawn(move || station(ours).accept(far).map(drop));
    let stranger = Vehicle::new(vehicle_config(&made(Algorithm::P521, 12))).unwrap();
    let refused = stranger.connect(ADDRESS, near).map(drop);
    assert_eq!(common::rule(refused), v2g_pki::Rule::UnknownRoot);
    assert_eq!(common::alert(server.join().unwrap()), AlertDescription::UnknownCA);
}

#[cfg(feature = "tokio")]
mod asynchronous {
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use v2g_tls::Config;

    use super::*;

    fn run(future: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future);
    }

    #[test]
    fn data_passes_over_an_asynchronous_socket() {
        run(async {
            let hierarchy = hierarchy(Algorithm::P521);
            let (near, far) = duplex(777);
            let station = station(hierarchy);
            let vehicle = vehicle(hierarchy);
            let serve = async {
                let Ok(Accepted::Secured(mut stream)) = station.accept_async(far).await else { panic!() };
                assert_eq!(stream.peer().leaf(), hierarchy.certificate(Entity::Vehicle));
                let mut message = [0; 4];
                stream.read_exact(&mut message).await.unwrap();
                stream.write_all(&message).await.unwrap();
                stream.shutdown().await.unwrap();
                message
            };
            let drive = async {
                let mut stream = vehicle.connect_async(ADDRESS, near).await.unwrap();
                assert_eq!(stream.peer().leaf(), hierarchy.certificate(Entity::Secc));
                stream.write_all(b"ping").await.unwrap();
                stream.flush().await.unwrap();
                let mut echo = Vec::new();
                stream.read_to_end(&mut echo).await.unwrap();
                echo
            };
            let (served, echo) = tokio::join!(serve, drive);
            assert_eq!((&served, echo.as_slice()), (b"ping", &b"ping"[..]));
        });
    }

    #[test]
    fn older_clients_are_handed_on() {
        run(async {
            let (mut near, far) = duplex(4096);
            near.write_all(&older()).await.unwrap();
            let accepted = station(hierarchy(Algorithm::P521)).accept_async(far).await;
            let Ok(Accepted::Older(mut replay)) = accepted else { panic!() };
            let mut bytes = vec![0; older().len()];
            replay.read_exact(&mut bytes).await.unwrap();
            assert_eq!(bytes, older());
            replay.write_all(b"answer").await.unwrap();
            let mut answer = [0; 6];
            near.read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, b"answer");
        });
    }

    #[test]
    fn refusals_have_their_reason_and_alert() {
        run(async {
            let ours = hierarchy(Algorithm::P521);
            let stranger = made(Algorithm::P521, 13);
            // The vehicle trusts the station, so that the station looks at the vehicle.
            let verifier = Arc::new(common::of_stations(ours));
            let vehicle = Vehicle::new(Config { verifier, ..vehicle_config(&stranger) }).unwrap();
            let (near, far) = duplex(300);
            let station = station(ours);
            let drive = async {
                let mut stream = vehicle.connect_async(ADDRESS, near).await?;
                stream.read_exact(&mut [0; 10]).await?;
                Ok::<_, Error>(())
            };
            let (served, driven) = tokio::join!(station.accept_async(far), drive);
            assert_eq!(common::rule(served.map(drop)), v2g_pki::Rule::UnknownRoot);
            let told = driven.unwrap_err().to_string();
            assert!(told.contains("UnknownCA"), "{told}");

            let (near, far) = duplex(300);
            let vehicle = Vehicle::new(vehicle_config(&stranger)).unwrap();
            let (served, driven) =
                tokio::join!(station.accept_async(far), vehicle.connect_async(ADDRESS, near));
            assert_eq!(common::rule(driven.map(drop)), v2g_pki::Rule::UnknownRoot);
            assert_eq!(common::alert(served.map(drop)), AlertDescription::UnknownCA);
        });
    }
}
