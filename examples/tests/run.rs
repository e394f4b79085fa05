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
