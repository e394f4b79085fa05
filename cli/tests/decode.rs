//! `v2g decode` and `v2g encode` as a user meets them.

mod common;

use common::v2g;
use serde_json::Value as Json;

const LOOP_REQUEST: &str = "8034040081018202830384080e2cfaa06280fe1403e464008202002400ca";

/// An IPv6 packet with a TCP segment.
fn segment(ports: [u16; 2], flags: u8, sequence: u32, data: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0, 0, 20 + data.len() as u8, 6, 64];
    for port in ports {
        packet.extend([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        packet.extend(port.to_be_bytes());
    }
    packet.extend([ports[0].to_be_bytes(), ports[1].to_be_bytes()].concat());
    packet.extend(sequence.to_be_bytes());
    packet.extend([0, 0, 0, 0, 0x50, flags, 0, 0, 0, 0, 0, 0]);
    packet.extend(data);
    packet
}

/// A capture of raw IP.
fn pcap(packets: &[Vec<u8>]) -> Vec<u8> {
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0];
    for (i, packet) in packets.iter().enumerate() {
        for field in [1_700_000_000, i as u32, packet.len() as u32, packet.len() as u32] {
            file.extend(field.to_le_bytes());
        }
        file.extend(packet);
    }
    file
}

fn session() -> Vec<u8> {
    pcap(&[
        segment([50001, 61001], 2, 0, &[]),
        segment([50001, 61001], 0, 1, &[1, 0xfe, 0x80, 1, 0, 0, 0, 4, 0x80, 0x40]),
        segment([50001, 61001], 0, 11, &[0, 0x40]),
        segment([61001, 50001], 0, 1, &[1, 0xfe, 0x80, 4, 0, 0, 0, 3, 0x80, 0x34, 0x04]),
    ])
}

#[test]
fn one_message_as_a_table_without_colours() {
    let run = v2g(&["decode", LOOP_REQUEST], b"");
    let expected = "\
DC_ChargeLoopReq  dc, 30 bytes
    Header
      SessionID                              0102030405060708
      TimeStamp                              1700000000
    MeterInfoRequested                       false
    EVPresentVoltage                         400.0
    Scheduled_DC_CLReqControlMode
      EVTargetCurrent                        -5
      EVTargetVoltage                        400
";
    assert_eq!((run.status, run.stdout.as_str(), run.stderr.as_str()), (0, expected, ""));
}

#[test]
fn every_event_can_be_explained() {
    let run = v2g(&["decode", "80400040", "--set", "appprotocol", "--explain"], b"");
    let lines: Vec<_> = run.stdout.lines().map(str::trim).collect();
    assert_eq!(lines.len(), 10, "{}", run.stdout);
    assert_eq!(
        lines[1],
        "@8          2 bits  01        SE /supportedAppProtocolRes  (supportedAppProtocolRes)"
    );
    assert_eq!(lines[6], "@17         9 bits  0         CH /supportedAppProtocolRes/SchemaID = 1  (idType)");
    assert_eq!(lines[9], "@28         0 bits            ED /");
}

#[test]
fn a_stream_of_messages_from_the_standard_input() {
    let message = "01fe800100000004804000 40\n";
    for input in [message.repeat(2).into_bytes(), message.repeat(2).replace('\n', "").into_bytes()] {
        let run = v2g(&["decode", "--format", "json"], &input);
        let names: Vec<Json> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(names.len(), 2, "{run:?}");
        assert!(names.iter().all(|line| line["message"] == "supportedAppProtocolRes"));
        assert_eq!(names[0]["content"]["SchemaID"], 1);
        assert_eq!(run.status, 0);
    }
}

#[test]
fn xml_and_json_go_back_to_the_same_bytes() {
    for format in ["xml", "json"] {
        let shown = v2g(&["decode", LOOP_REQUEST, "--set", "dc", "--format", format], b"");
        let run = v2g(&["encode", "--set", "dc", "--hex"], shown.stdout.as_bytes());
        assert_eq!((run.status, run.stdout.trim()), (0, LOOP_REQUEST), "{format}: {run:?}");
    }
}

#[test]
fn a_capture_with_a_message_that_cannot_be_decoded() {
    let run = v2g(&["decode", "-", "--format", "json"], &session());
    let lines: Vec<Json> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{run:?}");
    assert_eq!(lines[0]["frame"], 3);
    assert_eq!(lines[0]["time"], 0.000_002);
    assert_eq!(lines[0]["sender"], "vehicle");
    assert_eq!(lines[0]["from"], "[fe80::c351]:50001");
    assert_eq!(lines[0]["payload_hex"], "80400040");
    assert!(lines[1]["error"].as_str().unwrap().contains("in SessionID"), "{run:?}");
    assert_eq!(run.status, 1);
    assert_eq!(run.stderr, "error: 1 of 2 messages cannot be decoded\n");
}

#[test]
fn a_capture_in_xml_keeps_its_remarks_in_comments() {
    let file = session();
    let run = v2g(&["decode", "--format", "xml"], &file[..file.len() - 20]);
    let lines: Vec<_> = run.stdout.lines().collect();
    assert_eq!(lines[0], "<!--      3      0.000002  EV -> EVSE -->", "{run:?}");
    assert!(lines[1].starts_with("<ap:supportedAppProtocolRes "), "{run:?}");
    assert_eq!(run.status, 1);
    assert!(run.stderr.contains("cut short"), "{run:?}");
}

#[test]
fn wrong_use_has_its_own_status_and_says_what_to_do() {
    let cases: [(&[&str], &str); 4] = [
        (&["decode", "nosuchfile.pcap"], "neither a file nor hex digits"),
        (&["decode", "804"], "odd"),
        (&["decode", "80", "--set", "iso2"], "possible values"),
        (&["encode"], "--set"),
    ];
    for (arguments, text) in cases {
        let run = v2g(arguments, b"");
        assert_eq!(run.status, 2, "{run:?}");
        assert!(run.stderr.contains(text) && run.stdout.is_empty(), "{run:?}");
    }
}

#[test]
fn bad_content_fails_with_a_reason() {
    let cases: [(&[&str], &[u8], &str); 7] = [
        (&["decode"], b"", "is empty"),
        (&["decode"], b"hello", "line 1: `h` is no hex digit"),
        (&["decode"], b"01fe8001000000048040", "no V2GTP message at byte 0"),
        (&["decode"], b"01fe80010000000480400040ff", "no V2GTP message at byte 12"),
        (&["decode"], &pcap(&[]), "no V2G message"),
        (&["encode", "--set", "dc"], b"<a", "not well-formed"),
        (&["encode", "--set", "dc"], b"{\"DC_ChargeLoopReq\":{\"Header\":{}}}", "missing"),
    ];
    for (arguments, input, text) in cases {
        let run = v2g(arguments, input);
        assert_eq!(run.status, 1, "{run:?}");
        assert!(run.stderr.contains(text), "{run:?}");
    }
}

#[test]
fn help_shows_examples() {
    for command in ["decode", "encode", "exi"] {
        let run = v2g(&[command, "--help"], b"");
        assert!(run.status == 0 && run.stdout.contains("Example"), "{run:?}");
    }
}

#[test]
fn secrets_are_for_captures_and_have_to_be_some() {
    let found = v2g(&["decode", "80400040", "--set", "appprotocol", "--keylog", "none.log"], b"");
    assert_eq!(
        (found.status, found.stderr.contains("--keylog opens captures")),
        (2, true),
        "{}",
        found.stderr
    );
    // The header of a capture without packets.
    let capture = [&0xa1b2_c3d4_u32.to_le_bytes()[..], &[2, 0, 4, 0], &[0; 12], &[1, 0, 0, 0]].concat();
    let log = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-secrets.log");
    std::fs::write(&log, "# nothing\n").unwrap();
    let found = v2g(&["decode", "-", "--keylog", log.to_str().unwrap()], &capture);
    assert_eq!((found.status, found.stderr.contains("has no secrets")), (1, true), "{}", found.stderr);
}
