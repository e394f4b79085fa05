//! What goes over the wire, byte by byte.

mod common;

use std::sync::Arc;

use v2g_pki::Algorithm;
use v2g_pki::issue::Entity;
use v2g_tls::{
    Config, Hello, HelloError, HelloReader, KeyLogFile, MaxFragment, Offer, Phase, Station, Vehicle,
};

use common::{End as _, carry, connect, hierarchy, station, station_config, vehicle, vehicle_config};

/// Extensions of the ClientHello in `record`, in their order, and its suites.
fn client_hello(record: &[u8]) -> (Vec<u8>, Vec<(u16, Vec<u8>)>) {
    let number = |bytes: &[u8]| usize::from(u16::from_be_bytes([bytes[0], bytes[1]]));
    let body = &record[5 + 4 + 2 + 32..];
    let body = &body[1 + usize::from(body[0])..];
    let suites = body[2..2 + number(body)].to_vec();
    let body = &body[2 + suites.len()..];
    let mut body = &body[1 + usize::from(body[0])..];
    assert_eq!(number(body), body.len() - 2);
    body = &body[2..];
    let mut extensions = Vec::new();
    while !body.is_empty() {
        let content = &body[4..4 + number(&body[2..])];
        extensions.push((number(body) as u16, content.to_vec()));
        body = &body[4 + content.len()..];
    }
    (suites, extensions)
}

#[test]
fn the_client_hello_offers_the_profile_and_nothing_else() {
    let hierarchy = hierarchy(Algorithm::P521);
    let hello = vehicle(hierarchy).link(common::ADDRESS).unwrap().send();
    let (suites, extensions) = client_hello(&hello);
    let extension =
        |kind: u16| extensions.iter().find(|(found, _)| *found == kind).map(|(_, content)| &content[..]);
    assert_eq!(suites, [0x13, 0x02, 0x13, 0x03], "AES-256, then ChaCha20");
    assert_eq!(extension(43), Some(&[2, 3, 4][..]), "TLS 1.3");
    let curve448 = cfg!(feature = "curve448");
    let groups: &[u8] = if curve448 { &[0, 4, 0, 25, 0, 30] } else { &[0, 2, 0, 25] };
    assert_eq!(extension(10), Some(groups), "secp521r1, x448");
    let schemes: &[u8] = if curve448 { &[0, 4, 6, 3, 8, 8] } else { &[0, 2, 6, 3] };
    assert_eq!(extension(13), Some(schemes), "ecdsa_secp521r1_sha512, ed448");
    let share = extension(51).unwrap();
    assert_eq!((share.len(), &share[..7]), (2 + 4 + 133, &[0, 137, 0, 25, 0, 133, 4][..]), "one share");
    assert_eq!(extension(5), Some(&[1, 0, 0, 0, 0][..]), "status_request with empty lists");
    let names = extension(47).expect("certificate_authorities");
    let root =
        v2g_pki::Certificate::parse(hierarchy.certificate(Entity::Root(v2g_pki::RootKind::V2g))).unwrap();
    let name = root.subject().der();
    assert_eq!(names, [&[0, name.len() as u8 + 2, 0, name.len() as u8], name].concat());
    assert_eq!(extension(45), Some(&[1, 1][..]), "psk_dhe_ke only");
    for (kind, absent) in
        [(0, "SNI"), (16, "ALPN"), (41, "PSK"), (42, "early data"), (1, "max_fragment_length")]
    {
        assert_eq!(extension(kind), None, "{absent}");
    }
    let mut reader = HelloReader::new();
    let found = reader.handle_input(&hello).unwrap().unwrap();
    assert_eq!(found, Hello { offer: Offer::Tls13, max_fragment: None });
}

#[test]
fn a_ticket_never_brings_early_data() {
    let hierarchy = hierarchy(Algorithm::P521);
    let resumption = v2g_tls::Resumption::Psk(v2g_tls::TicketLifetime::from_secs(86_400).unwrap());
    let verifier = common::of_stations(hierarchy);
    verifier.set_evidence(hierarchy.staples(Entity::Secc, common::now()), Vec::new());
    let config = Config { resumption, verifier: Arc::new(verifier), ..vehicle_config(hierarchy) };
    let vehicle = Vehicle::new(config).unwrap();
    connect(&vehicle, &Station::new(Config { resumption, ..station_config(hierarchy) }).unwrap());
    let (_, extensions) = client_hello(&vehicle.link(common::ADDRESS).unwrap().send());
    let kinds: Vec<u16> = extensions.iter().map(|(kind, _)| *kind).collect();
    assert!(kinds.contains(&41) && !kinds.contains(&42), "a ticket, no early data: {kinds:?}");
}

#[test]
fn records_are_as_short_as_the_vehicle_wants() {
    let hierarchy = hierarchy(Algorithm::P521);
    for (ours, wanted, longest) in [
        (MaxFragment::Full, None, 16384),
        (MaxFragment::Bytes1024, None, 1024),
        (MaxFragment::Full, Some(MaxFragment::Bytes512), 512),
        (MaxFragment::Bytes512, Some(MaxFragment::Bytes4096), 512),
    ] {
        let config = Config { max_fragment: ours, ..station_config(hierarchy) };
        let hello = Hello { offer: Offer::Tls13, max_fragment: wanted };
        let mut server = Station::new(config).unwrap().link(Some(&hello)).unwrap();
        let mut client = vehicle(hierarchy).link(common::ADDRESS).unwrap();
        let mut sent = 0;
        for round in 0..6 {
            client.receive(&server.send()).unwrap();
            server.receive(&client.send()).unwrap();
            if round == 4 {
                assert_eq!(server.write(&vec![0; 20000]), 20000);
            }
            let bytes = server.send();
            let mut rest = &bytes[..];
            while let [_, _, _, high, low, after @ ..] = rest {
                let len = usize::from(u16::from_be_bytes([*high, *low]));
                // The content, its type and the tag.
                assert!(len <= longest + 17, "{len} of {longest}");
                sent = sent.max(len);
                rest = &after[len..];
            }
            client.receive(&bytes).unwrap();
            let mut data = vec![0; 30000];
            client.read(&mut data);
        }
        assert_eq!(sent, longest + 17);
        assert_eq!(client.phase(), Phase::Open);
    }
}

#[test]
fn secrets_are_logged_only_where_the_host_says_so() {
    let hierarchy = hierarchy(Algorithm::P521);
    let folder = std::env::temp_dir().join(format!("v2g-tls-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let open = |name: &str| Arc::new(KeyLogFile::open(&folder.join(name)).unwrap());
    let station =
        Station::new(Config { key_log: Some(open("station")), ..station_config(hierarchy) }).unwrap();
    let vehicle =
        Vehicle::new(Config { key_log: Some(open("vehicle")), ..vehicle_config(hierarchy) }).unwrap();
    connect(&vehicle, &station);
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let lines = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        assert!(lines.remove(0).contains("SECRETS"), "a warning first");
        lines.sort();
        lines
    };
    let (ours, theirs) = (lines(&read("station")), lines(&read("vehicle")));
    assert_eq!(ours, theirs, "both ends say the same");
    for label in [
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        "CLIENT_TRAFFIC_SECRET_0",
        "SERVER_TRAFFIC_SECRET_0",
        "EXPORTER_SECRET",
    ] {
        let line = ours.iter().find(|line| line.starts_with(&format!("{label} "))).expect(label);
        let fields: Vec<&str> = line.split(' ').collect();
        assert_eq!(fields.iter().map(|field| field.len()).collect::<Vec<_>>(), [label.len(), 64, 96]);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(folder.join("station")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "for its owner only");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn damaged_flights_are_refused_and_nobody_panics() {
    let hierarchy = hierarchy(Algorithm::P521);
    let hello = vehicle(hierarchy).link(common::ADDRESS).unwrap().send();
    for at in (0..hello.len()).step_by(7) {
        let mut damaged = hello.clone();
        damaged[at] ^= 0x41;
        let mut server = station(hierarchy).link(None).unwrap();
        // Some damage, to the random for example, shows only later.
        let _ = server.receive(&damaged);
        assert_ne!(server.phase(), Phase::Open);
    }
    // Every record of the answer is protected.
    let mut client = vehicle(hierarchy).link(common::ADDRESS).unwrap();
    let mut server = station(hierarchy).link(None).unwrap();
    server.receive(&client.send()).unwrap();
    let mut answer = server.send();
    let last = answer.len() - 1;
    answer[last] ^= 1;
    assert!(client.receive(&answer).is_err());
    assert_eq!(client.phase(), Phase::Failed);
    let (_, at_server) = carry(&mut client, &mut server);
    assert!(at_server.is_err(), "an alert, or what looks like none");
}

#[test]
fn nothing_is_lost_while_nobody_reads() {
    let hierarchy = hierarchy(Algorithm::P521);
    let (mut client, mut server) = connect(&vehicle(hierarchy), &station(hierarchy));
    let data: Vec<u8> = (0..500_000_u32).map(|n| (n / 7) as u8).collect();
    let (mut rest, mut received, mut waited) = (&data[..], Vec::<u8>::new(), 0);
    while received.len() < data.len() {
        // As much as the link takes, then as much as the peer takes.
        while let taken @ 1.. = server.write(rest) {
            rest = &rest[taken..];
        }
        let sent = server.send();
        let mut input = &sent[..];
        while !input.is_empty() {
            client.handle_input(&mut input).unwrap();
            waited += usize::from(!input.is_empty());
            let mut chunk = [0; 5000];
            while let len @ 1.. = client.read(&mut chunk) {
                received.extend(&chunk[..len]);
            }
        }
    }
    assert!(received == data);
    assert!(waited > 0, "the reader was outrun");
}

#[test]
fn plain_v2gtp_is_not_tls() {
    assert_eq!(HelloReader::new().handle_input(&[1, 0xfe, 0x80, 1, 0, 0, 0, 0]), Err(HelloError::NotTls));
    let mut server = station(hierarchy(Algorithm::P521)).link(None).unwrap();
    assert!(server.receive(&[1, 0xfe, 0x80, 1, 0, 0, 0, 4, 1, 2, 3, 4]).is_err());
}
