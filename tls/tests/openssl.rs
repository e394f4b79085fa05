//! OpenSSL at the other end, in both roles. Run by `conformance/run openssl-tls`.

mod common;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv6Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::Duration;

use v2g_pki::issue::{Entity, Hierarchy};
use v2g_pki::status::Status;
use v2g_pki::{Algorithm, RootKind, Rule};
use v2g_tls::rustls::{AlertDescription, NamedGroup};
use v2g_tls::{Accepted, Error, Stream};

use common::{ADDRESS, ALGORITHMS, DAY, hierarchy, made, now, station, vehicle};

const SUITES: [&str; 2] = ["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];
const PATIENCE: Duration = Duration::from_secs(20);

/// OpenSSL under way; it ends with the test.
struct Openssl {
    child: Child,
    input: Option<ChildStdin>,
}

impl Openssl {
    fn start(command: &str, arguments: &[String]) -> Self {
        let mut child = Command::new("openssl")
            .arg(command)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("openssl is needed");
        let input = child.stdin.take();
        Self { child, input }
    }

    /// Everything that it says until it ends.
    fn said(mut self) -> String {
        drop(self.input.take());
        let mut errors = self.child.stderr.take().unwrap();
        let errors = thread::spawn(move || {
            let mut text = Vec::new();
            errors.read_to_end(&mut text).unwrap();
            text
        });
        let mut text = Vec::new();
        self.child.stdout.take().unwrap().read_to_end(&mut text).unwrap();
        text.extend(errors.join().unwrap());
        String::from_utf8_lossy(&text).into_owned()
    }
}

impl Drop for Openssl {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Files for somebody, as OpenSSL wants them.
struct Files {
    folder: PathBuf,
}

impl Files {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("v2g-tls-openssl-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self { folder }
    }

    fn put(&self, name: &str, content: &[u8]) -> String {
        let path = self.folder.join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Arguments that say who OpenSSL is, whom it trusts, and when it is.
    fn identity(&self, hierarchy: &Hierarchy, entity: Option<Entity>) -> Vec<String> {
        let roots = [RootKind::V2g, RootKind::Oem].map(|kind| hierarchy.certificate(Entity::Root(kind)));
        let roots = self.put("roots.pem", &pem("CERTIFICATE", &roots));
        let time = now().unix().to_string();
        let mut arguments =
            ["-CAfile", &roots, "-verify_return_error", "-attime", &time].map(str::to_owned).to_vec();
        if let Some(entity) = entity {
            let chain = hierarchy.chain(entity);
            let key = hierarchy.get(entity).unwrap().key.to_pkcs8();
            arguments.extend([
                "-cert".to_owned(),
                self.put("leaf.pem", &pem("CERTIFICATE", &chain[..1])),
                "-cert_chain".to_owned(),
                self.put("subs.pem", &pem("CERTIFICATE", &chain[1..])),
                "-key".to_owned(),
                self.put("key.pem", &pem("PRIVATE KEY", &[&key])),
            ]);
        }
        arguments
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn pem(label: &str, all: &[&[u8]]) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = Vec::new();
    for der in all {
        text.extend(format!("-----BEGIN {label}-----\n").bytes());
        let mut digits = Vec::new();
        for group in der.chunks(3) {
            let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
                << (8 * (3 - group.len()));
            for place in 0..4 {
                let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
                digits.push(if place <= group.len() { digit } else { b'=' });
            }
        }
        digits.chunks(64).for_each(|line| text.extend([line, b"\n"].concat()));
        text.extend(format!("-----END {label}-----\n").bytes());
    }
    text
}

/// What of the profile OpenSSL offers.
fn offer(algorithm: Algorithm, group: NamedGroup, suite: &str) -> Vec<String> {
    let scheme = match algorithm {
        Algorithm::P521 => "ecdsa_secp521r1_sha512",
        Algorithm::Ed448 => "ed448",
        _ => "ecdsa_secp256r1_sha256",
    };
    let group = match group {
        NamedGroup::secp521r1 => "P-521",
        NamedGroup::X448 => "X448",
        _ => "P-256",
    };
    ["-tls1_3", "-ciphersuites", suite, "-groups", group, "-sigalgs", scheme].map(str::to_owned).to_vec()
}

/// The groups that go with a curve of certificates.
fn groups(algorithm: Algorithm) -> &'static [NamedGroup] {
    match algorithm {
        Algorithm::P256 => &[NamedGroup::secp256r1, NamedGroup::secp521r1],
        _ if cfg!(feature = "curve448") => &[NamedGroup::secp521r1, NamedGroup::X448],
        _ => &[NamedGroup::secp521r1],
    }
}

/// Runs `s_client` against a station of ours: what the station made of it, and what OpenSSL says.
fn s_client<R>(
    hierarchy: &Hierarchy,
    arguments: &[String],
    serve: impl FnOnce(Result<Accepted<Stream<v2g_tls::Replay<TcpStream>>, TcpStream>, Error>) -> R,
) -> (R, String) {
    let listener = TcpListener::bind((ADDRESS, 0)).unwrap();
    let mut all = vec!["-connect".to_owned(), format!("[::1]:{}", listener.local_addr().unwrap().port())];
    all.extend_from_slice(arguments);
    let mut openssl = Openssl::start("s_client", &all);
    openssl.input.as_mut().unwrap().write_all(b"ping\n").unwrap();
    let (socket, _) = listener.accept().unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let served = serve(station(hierarchy).accept(socket));
    (served, openssl.said())
}

/// Starts `s_server`, which sends every line back in reverse, and connects a vehicle of ours to it.
fn s_server<R>(
    hierarchy: &Hierarchy,
    arguments: &[String],
    drive: impl FnOnce(Result<Stream<TcpStream>, Error>) -> R,
) -> (R, String) {
    let port = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let mut all = ["-accept", &format!("[::1]:{port}"), "-naccept", "1", "-rev"].map(str::to_owned).to_vec();
    all.extend_from_slice(arguments);
    let mut openssl = Openssl::start("s_server", &all);
    let mut said = BufReader::new(openssl.child.stdout.take().unwrap());
    let mut line = String::new();
    while line.trim() != "ACCEPT" {
        line.clear();
        assert_ne!(
            said.read_line(&mut line).unwrap(),
            0,
            "s_server did not start: {}",
            openssl.said_errors()
        );
    }
    let socket = TcpStream::connect((ADDRESS, port)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let driven = drive(vehicle(hierarchy).connect(ADDRESS, socket));
    openssl.child.stdout = Some(said.into_inner());
    (driven, openssl.said())
}

impl Openssl {
    fn said_errors(&mut self) -> String {
        let mut text = String::new();
        let _ = self.child.stderr.take().unwrap().read_to_string(&mut text);
        text
    }
}

/// A staple for `s_server`.
fn staple(files: &Files, hierarchy: &Hierarchy) -> Vec<String> {
    let response = hierarchy.ocsp(Entity::Secc, Status::Good, now().plus(-DAY)).unwrap();
    vec!["-status_file".to_owned(), files.put("staple.der", &response)]
}

fn mutual() -> [String; 2] {
    ["-Verify", "3"].map(str::to_owned)
}

#[test]
#[ignore = "needs openssl: conformance/run openssl-tls"]
fn openssl_as_vehicle_completes_every_combination() {
    let mut done = 0;
    for &algorithm in ALGORITHMS {
        let hierarchy = hierarchy(algorithm);
        for (&group, suite) in groups(algorithm).iter().flat_map(|group| SUITES.map(|suite| (group, suite))) {
            let files = Files::new(&format!("vehicle-{algorithm:?}-{group:?}-{suite}"));
            let mut arguments = files.identity(hierarchy, Some(Entity::Vehicle));
            arguments.extend(offer(algorithm, group, suite));
            arguments.extend(
                ["-status", "-requestCAfile", files.folder.join("roots.pem").to_str().unwrap()]
                    .map(str::to_owned),
            );
            let (peer, said) = s_client(hierarchy, &arguments, |accepted| {
                let Ok(Accepted::Secured(mut stream)) = accepted else { panic!("{accepted:?}") };
                let mut line = [0; 5];
                stream.read_exact(&mut line).unwrap();
                stream.write_all(b"pong\n").unwrap();
                stream.close().unwrap();
                assert_eq!(&line, b"ping\n");
                stream.peer().unwrap().clone()
            });
            let combination = format!("{algorithm:?} {group:?} {suite}");
            assert_eq!(peer.leaf(), hierarchy.certificate(Entity::Vehicle), "{combination}");
            assert_eq!(
                (peer.group(), peer.suite().as_str()),
                (Some(group), Some(&*suite.replace("TLS_", "TLS13_")))
            );
            for expected in ["pong", suite, "Verify return code: 0 (ok)", "OCSP Response Status: successful"]
            {
                assert!(said.contains(expected), "{combination}: no {expected:?} in {said}");
            }
            assert!(said.contains("Acceptable client certificate CA names"), "{combination}: {said}");
            done += 1;
        }
    }
    assert_eq!(done, if cfg!(feature = "curve448") { 12 } else { 6 });
    println!("s_client: {done} combinations");
}

#[test]
#[ignore = "needs openssl: conformance/run openssl-tls"]
fn openssl_as_station_completes_every_combination() {
    let mut done = 0;
    for &algorithm in ALGORITHMS {
        let hierarchy = hierarchy(algorithm);
        for (&group, suite) in groups(algorithm).iter().flat_map(|group| SUITES.map(|suite| (group, suite))) {
            let files = Files::new(&format!("station-{algorithm:?}-{group:?}-{suite}"));
            let mut arguments = files.identity(hierarchy, Some(Entity::Secc));
            arguments.extend(offer(algorithm, group, suite));
            arguments.extend(mutual());
            arguments.extend(staple(&files, hierarchy));
            let combination = format!("{algorithm:?} {group:?} {suite}");
            let (peer, said) = s_server(hierarchy, &arguments, |connected| {
                let mut stream = connected.unwrap_or_else(|e| panic!("{combination}: {e}"));
                stream.write_all(b"ping\n").unwrap();
                let mut line = [0; 5];
                stream.read_exact(&mut line).unwrap();
                stream.write_all(b"CLOSE\n").unwrap();
                assert_eq!(&line, b"gnip\n");
                stream.peer().unwrap().clone()
            });
            assert_eq!(peer.leaf(), hierarchy.certificate(Entity::Secc), "{combination}: {said}");
            assert_eq!(
                (peer.group(), peer.suite().as_str()),
                (Some(group), Some(&*suite.replace("TLS_", "TLS13_")))
            );
            done += 1;
        }
    }
    assert_eq!(done, if cfg!(feature = "curve448") { 12 } else { 6 });
    println!("s_server: {done} combinations");
}

#[test]
#[ignore = "needs openssl: conformance/run openssl-tls"]
fn openssl_as_vehicle_is_refused_with_the_right_alert() {
    let ours = hierarchy(Algorithm::P521);
    let stranger = made(Algorithm::P521, 21);
    let profile = offer(Algorithm::P521, NamedGroup::secp521r1, SUITES[0]);
    let with = |place: usize, value: &str| {
        let mut changed = profile.clone();
        changed[place] = value.to_owned();
        changed
    };
    let cases = [
        ("group", ours, Some(Entity::Vehicle), with(4, "P-256"), "alert handshake failure"),
        ("scheme", ours, Some(Entity::Vehicle), with(6, "ecdsa_secp256r1_sha256"), "alert handshake failure"),
        ("suite", ours, Some(Entity::Vehicle), with(2, "TLS_AES_128_GCM_SHA256"), "alert handshake failure"),
        ("nobody", ours, None, profile.clone(), "alert certificate required"),
        ("root", &stranger, Some(Entity::Vehicle), profile.clone(), "alert unknown ca"),
        ("role", ours, Some(Entity::Secc), profile.clone(), "alert unsupported certificate"),
    ];
    let mut done = 0;
    for (name, hierarchy, entity, offer, told) in cases {
        let files = Files::new(&format!("refused-vehicle-{name}"));
        let mut arguments = files.identity(hierarchy, entity);
        // The station is beside the point here.
        arguments.retain(|argument| argument != "-verify_return_error");
        arguments.extend(offer);
        let (refused, said) = s_client(ours, &arguments, |accepted| accepted.map(drop).unwrap_err());
        assert!(said.contains(told), "{name}: {refused}: {said}");
        done += 1;
    }
    println!("s_client: {done} refusals");
}

#[test]
#[ignore = "needs openssl: conformance/run openssl-tls"]
fn openssl_with_an_older_version_is_handed_on_or_told_so() {
    let ours = hierarchy(Algorithm::P521);
    let (unread, _) = s_client(ours, &["-tls1_2".to_owned()], |accepted| {
        let Ok(Accepted::Older(replay)) = accepted else { panic!("{accepted:?}") };
        replay.unread().to_vec()
    });
    assert_eq!(unread[..3], [22, 3, 1], "the whole ClientHello");
    assert_eq!(usize::from(u16::from_be_bytes([unread[3], unread[4]])), unread.len() - 5);

    // A station without a stack for -2 lets the link itself answer.
    let ((), said) = s_client(ours, &["-tls1_2".to_owned()], |accepted| {
        let Ok(Accepted::Older(replay)) = accepted else { panic!("{accepted:?}") };
        let (hello, mut socket) = replay.into_parts();
        let mut link = station(ours).link(None).unwrap();
        link.handle_input(&mut hello.as_slice()).unwrap_err();
        let mut alert = [0; 32];
        let len = link.poll_transmit(&mut alert);
        socket.write_all(&alert[..len]).unwrap();
    });
    assert!(said.contains("alert protocol version"), "{said}");
}

#[test]
#[ignore = "needs openssl: conformance/run openssl-tls"]
fn openssl_as_station_is_refused_with_the_right_alert() {
    let ours = hierarchy(Algorithm::P521);
    let stranger = made(Algorithm::P521, 22);
    let profile = offer(Algorithm::P521, NamedGroup::secp521r1, SUITES[0]);
    let cases = [
        ("root", &stranger, Entity::Secc, true, Rule::UnknownRoot, "alert unknown ca"),
        ("role", ours, Entity::Contract(0), true, Rule::UnknownRoot, "alert unknown ca"),
        ("staple", ours, Entity::Secc, false, Rule::StatusUnknown, "bad certificate status response"),
    ];
    let mut done = 0;
    for (name, hierarchy, entity, stapled, expected, told) in cases {
        let files = Files::new(&format!("refused-station-{name}"));
        let mut arguments = files.identity(hierarchy, Some(entity));
        arguments.extend(profile.clone());
        arguments.extend(mutual());
        if stapled {
            arguments.extend(staple(&files, hierarchy));
        }
        let (refused, said) = s_server(ours, &arguments, |connected| connected.map(drop));
        assert_eq!(common::rule(refused), expected, "{name}: {said}");
        assert!(said.contains(told), "{name}: {said}");
        done += 1;
    }

    let changed = |place: usize, value: &str| {
        let mut offer = profile.clone();
        offer[place] = value.to_owned();
        offer
    };
    let lab = hierarchy(Algorithm::P256);
    let lab_offer = offer(Algorithm::P256, NamedGroup::secp521r1, SUITES[0]);
    let cases = [
        ("version", ours, vec!["-tls1_2".to_owned()], AlertDescription::ProtocolVersion),
        ("group", ours, changed(4, "P-256"), AlertDescription::HandshakeFailure),
        ("suite", ours, changed(2, "TLS_AES_128_GCM_SHA256"), AlertDescription::HandshakeFailure),
        ("scheme", lab, lab_offer, AlertDescription::HandshakeFailure),
    ];
    for (name, hierarchy, offer, told) in cases {
        let files = Files::new(&format!("refused-station-{name}"));
        let mut arguments = files.identity(hierarchy, Some(Entity::Secc));
        arguments.extend(offer);
        arguments.extend(mutual());
        let (refused, said) = s_server(ours, &arguments, |connected| connected.map(drop));
        match refused {
            Err(Error::Alert(alert)) => assert_eq!(alert, told, "{name}: {said}"),
            other => panic!("{name}: {other:?}: {said}"),
        }
        done += 1;
    }
    println!("s_server: {done} refusals");
}

#[test]
fn pem_is_what_it_should_be() {
    assert_eq!(
        pem("X", &[b"any carnal pleas"]),
        b"-----BEGIN X-----\nYW55IGNhcm5hbCBwbGVhcw==\n-----END X-----\n"
    );
}
