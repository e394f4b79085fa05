//! `v2g session`, `secc` and `evcc` as their users see them.

use std::process::{Command, Output};

use serde_json::Value;

fn v2g(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_v2g")).args(args).output().unwrap()
}

fn session(args: &[&str]) -> (Vec<Value>, Value) {
    let output = v2g(&[&["session", "--json"], args].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let summary = lines.pop().unwrap();
    (lines, summary)
}

#[test]
fn every_service_and_mode_runs_to_session_stop() {
    for (service, mode) in
        [("dc-bpt", "dynamic"), ("dc-bpt", "scheduled"), ("dc", "dynamic"), ("dc", "scheduled")]
    {
        let (lines, summary) = session(&["--service", service, "--mode", mode, "--loops", "8"]);
        assert_eq!(lines.last().unwrap()["message"], "SessionStopRes");
        assert_eq!((&summary["ok"], &summary["rounds"]), (&Value::Bool(true), &Value::from(8)), "{summary}");
        assert_eq!(summary["messages"], lines.len());
        assert!(summary["charged_wh"].as_f64().unwrap() > 1.0, "{service} {mode}: {summary}");
        let discharged = summary["discharged_wh"].as_f64().unwrap();
        assert_eq!(discharged > 1.0, service == "dc-bpt", "{service} {mode}: {summary}");
    }
}

#[test]
fn lines_alternate_and_time_goes_on() {
    let (lines, _) = session(&["--loops", "2"]);
    let mut before = 0.0;
    for pair in lines.chunks(2) {
        let [request, response] = pair else { panic!("a request without a response") };
        assert_eq!((&request["dir"], &response["dir"]), (&Value::from("sent"), &Value::from("received")));
        let name = |line: &Value| line["message"].as_str().unwrap().to_owned();
        assert_eq!(name(request).strip_suffix("Req"), name(response).strip_suffix("Res"));
        assert!(response["latency_ms"].as_f64().unwrap() >= 0.0);
        for line in pair {
            let t = line["t"].as_f64().unwrap();
            assert!(t >= before);
            before = t;
        }
    }
}

#[test]
fn the_timeline_is_readable() {
    let output = v2g(&["session", "--loops", "2"]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains('\x1b'), "colours without a terminal");
    assert!(text.contains("EV  ->     DC_PreChargeReq"), "{text}");
    assert!(text.contains("   <- EVSE  SessionStopRes"), "{text}");
    assert!(text.contains("2 rounds of the charge loop"), "{text}");
}

#[test]
fn plain_tcp_needs_the_laboratory_and_interfaces_need_an_address() {
    for command in [&["secc", "--iface", "none0"][..], &["evcc", "--iface", "none0", "--service", "dc"]] {
        let output = v2g(command);
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains("--lab"));
        let output = v2g(&[command, &["--lab"]].concat());
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("none0"));
    }
    assert_eq!(v2g(&["session", "--loops", "0"]).status.code(), Some(2));
}
