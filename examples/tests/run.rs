//! The examples do what they say.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

fn output(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn decode_a_frame() {
    let text = output(env!("CARGO_BIN_EXE_decode-a-frame"), &[]);
    assert!(text.starts_with("payload type 0x8001, 4 bytes of EXI\nsupportedAppProtocolRes: "), "{text}");
    let wrong =
        Command::new(env!("CARGO_BIN_EXE_decode-a-frame")).arg("01fe8001000000058040").output().unwrap();
    assert!(!wrong.status.success());
}

#[test]
fn what_one_encodes_the_other_decodes() {
    let text = output(env!("CARGO_BIN_EXE_build-and-encode"), &[]);
    let hex = text.trim_end().rsplit(' ').next().unwrap();
    let text = output(env!("CARGO_BIN_EXE_decode-a-frame"), &[hex]);
    assert!(text.contains("DC_ChargeLoopReq: "), "{text}");
}

#[test]
fn the_smallest_vehicle_feeds_the_smallest_station() {
    let mut station = Command::new(env!("CARGO_BIN_EXE_smallest-station"))
        .arg("127.0.0.1:0")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(station.stdout.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("listening on ").unwrap();

    let vehicle = output(env!("CARGO_BIN_EXE_smallest-vehicle"), &[address]);
    assert!(vehicle.contains("charger: 400 V, -12 A"), "{vehicle}");
    assert!(vehicle.ends_with("ended well\n"), "{vehicle}");

    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert!(station.wait().unwrap().success());
    assert!(rest.contains("converter: at most -5000 W and "), "{rest}");
    assert!(rest.ends_with("ended well\n"), "{rest}");
}

#[test]
fn vehicles_charge_on_tokio() {
    let text = output(env!("CARGO_BIN_EXE_on-tokio"), &[]);
    for vehicle in 1..=3 {
        assert!(text.contains(&format!("vehicle {vehicle}: 7000 W\n")), "{text}");
        assert!(text.contains(&format!("vehicle {vehicle}: terminated")), "{text}");
    }
}

#[test]
fn a_policy_follows_the_building() {
    let text = output(env!("CARGO_BIN_EXE_dispatch-policy"), &[]);
    // 20 kW less 27 kW; the vehicle gives what is missing, and 11 kW at most. No more than 11 kW go in either.
    for line in
        ["round 1: 11000 W", "round 3: 8000 W", "round 5: -7000 W", "round 6: -11000 W", "round 7: 5000 W"]
    {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert_eq!(text.matches("terminated").count(), 2, "{text}");
}

#[test]
fn a_session_is_paused_and_resumed() {
    let text = output(env!("CARGO_BIN_EXE_pause-and-resume"), &[]);
    for line in ["0 s: a new session", "paused", "resumed with Dc", "terminated", "authorized 1 time"] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn a_response_is_adjusted() {
    let text = output(env!("CARGO_BIN_EXE_adjusted-response"), &[]);
    assert_eq!(text.matches("at most 10000 W out").count(), 3, "{text}");
}
