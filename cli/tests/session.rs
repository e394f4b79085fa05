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
    let services = ["ac", "ac-bpt", "dc", "dc-bpt", "mcs", "mcs-bpt", "wpt", "acdp", "acdp-bpt"];
    let pairs = services.iter().flat_map(|service| ["scheduled", "dynamic"].map(|mode| (*service, mode)));
    // All at once: they mostly wait for hardware.
    let runs: Vec<_> = pairs
        .map(|(service, mode)| {
            std::thread::spawn(move || {
                (service, mode, session(&["--service", service, "--mode", mode, "--loops", "10"]))
            })
        })
        .collect();
    assert_eq!(runs.len(), 18);
    for run in runs {
        let (service, mode, (lines, summary)) = run.join().unwrap();
        assert_eq!(lines.last().unwrap()["message"], "SessionStopRes", "{service} {mode}");
        assert_eq!((&summary["ok"], &summary["rounds"]), (&Value::Bool(true), &Value::from(10)), "{summary}");
        assert_eq!(summary["messages"], lines.len());
        let charged = summary["charged_wh"].as_f64().unwrap();
        assert!(charged > 1.0, "{service} {mode}: {summary}");
        let discharged = summary["discharged_wh"].as_f64().unwrap();
        assert_eq!(discharged > 1.0, service.ends_with("-bpt"), "{service} {mode}: {summary}");
    }
}

#[test]
fn a_report_shows_what_may_and_what_should_flow_in_every_family() {
    for service in ["ac-bpt", "dc-bpt", "wpt", "acdp"] {
        let path = temporary(&format!("report-{service}.html"));
        session(&["--service", service, "--loops", "6", "--report", path.to_str().unwrap()]);
        let page = std::fs::read_to_string(&path).unwrap();
        for curve in ["measured", "set-point", "limit"] {
            assert!(page.contains(&format!("<path class=\"{curve}\" d=\"M")), "{service}: {curve}");
        }
    }
}

#[test]
fn paused_vehicles_come_back_to_the_station_that_they_left() {
    let scenario = temporary("pauses.toml");
    let text = "services = [\"ac\"]\nmode = \"scheduled\"\n[vehicle]\nrounds = 6\nresume = \"200 ms\"\n[[event]]\n\
                when = \"round 3\"\nside = \"vehicle\"\naction = \"pause\"\n[expect]\nvehicle = [\"terminated\"]\n\
                station = [\"terminated\"]\n";
    std::fs::write(&scenario, text).unwrap();
    let (_, summary) = session(&["--sessions", "20", "--scenario", scenario.to_str().unwrap()]);
    assert_eq!((&summary["sessions"], &summary["failed"]), (&Value::from(20), &Value::from(0)), "{summary}");
    assert_eq!(summary["rounds"], 120, "the rounds before the pause and after it");
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

#[test]
fn many_sessions_at_once_all_end_well_and_are_summed_up() {
    let (lines, summary) = session(&["--sessions", "60", "--loops", "10"]);
    assert!(lines.is_empty(), "of many sessions only the figures are shown");
    for (name, value) in
        [("ok", Value::Bool(true)), ("sessions", 60.into()), ("failed", 0.into()), ("rounds", 600.into())]
    {
        assert_eq!(summary[name], value, "{name}: {summary}");
    }
    assert!(summary["peak"].as_u64().unwrap() > 50, "{summary}");
    let loops = &summary["latency_ms"]["DC_ChargeLoopRes"];
    assert_eq!(loops["count"], 600);
    let times = ["p50", "p90", "p99", "max"].map(|name| loops[name].as_f64().unwrap());
    assert!(times[0] > 0.0 && times.is_sorted(), "{loops}");
    assert!(summary["memory_kib"]["per_session"].as_f64().unwrap() < 200.0, "{summary}");
}

#[test]
fn of_many_sessions_those_that_fail_are_counted() {
    let scenario = temporary("fail.toml");
    let text = "services = [\"dc\"]\nseed = 5\n[vehicle]\nrounds = 3\n[[fault]]\nwhen = \"DC_CableCheckReq\"\n\
                side = \"vehicle\"\nfault = \"corrupt\"\nchance = \"5 %\"\nbits = 40\n";
    std::fs::write(&scenario, text).unwrap();
    let output = v2g(&["session", "--sessions", "40", "--json", "--scenario", scenario.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    let failed = summary["failed"].as_u64().unwrap();
    assert!((1..40).contains(&failed), "{summary}");
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains(&format!("{failed} of 40 sessions")), "{error}");
}

fn temporary(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn the_trace_has_both_ends_with_events_and_what_was_sent() {
    let path = temporary("trace.jsonl");
    let (_, summary) = session(&["--loops", "3", "--trace", path.to_str().unwrap()]);
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for side in ["vehicle", "station"] {
        let of =
            |what: &str| lines.iter().filter(|l| l["side"] == side && l["what"] == what).collect::<Vec<_>>();
        assert_eq!(of("message").len() as u64, summary["messages"].as_u64().unwrap(), "{side}");
        assert_eq!(of("end").len(), 1, "{side}");
        assert!(of("event").iter().any(|line| line["event"] == "close contactor"), "{side}");
    }
    let exi = |side: &str| -> Vec<String> {
        let of = lines.iter().filter(|line| line["side"] == side && line["what"] == "message");
        of.map(|line| format!("{} {}", line["payload_type"], line["exi"])).collect()
    };
    assert_eq!(exi("vehicle"), exi("station"), "without faults both ends see the same");
}

#[test]
fn the_report_has_every_message_and_curve() {
    let path = temporary("report.html");
    let (_, summary) = session(&["--loops", "6", "--report", path.to_str().unwrap()]);
    let page = std::fs::read_to_string(&path).unwrap();
    let (_, data) = page.split_once("id=\"data\">").unwrap();
    let data: Value = serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap();
    let messages = data["talk"]["messages"].as_array().unwrap();
    assert_eq!(messages.len() as u64, summary["messages"].as_u64().unwrap());
    assert!(messages.iter().all(|message| !message[5].as_array().unwrap().is_empty()), "content");
    assert_eq!(page.matches("<figure").count(), 4);
    for curve in ["measured", "set-point", "limit"] {
        assert!(page.contains(&format!("<path class=\"{curve}\" d=\"M")), "{curve}");
    }
    assert!(page.contains("DC_ChargeLoopRes<td>6<td>"));
}

#[test]
fn what_does_not_go_together_is_said() {
    let path = temporary("wrong.toml");
    std::fs::write(&path, "lapse = 1\n[station]\ndispatch = \"22 kA\"\n").unwrap();
    let path = path.to_str().unwrap();
    for (args, words) in [
        (&["session", "--scenario", path][..], "line 3, column 12"),
        (&["session", "--scenario", "/no/such.toml"], "cannot read /no/such.toml"),
        (&["session", "--sessions", "2", "--report", "x.html"], "a report shows one session"),
        (&["evcc", "--iface", "none0", "--lab"], "--service"),
    ] {
        let output = v2g(args);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn an_unusual_end_is_explained() {
    // The charger counts from its last response, the vehicle from its next request: the charger is the first to give up.
    let path = temporary("silent-vehicle.toml");
    let scenario = r#"
        services = ["dc"]
        [[fault]]
        when = "round 5"
        side = "vehicle"
        fault = "silence"
        [expect]
        station = ["timeout"]
        vehicle = ["timeout", "link-lost"]
    "#;
    std::fs::write(&path, scenario).unwrap();
    let output = v2g(&["session", "--scenario", path.to_str().unwrap(), "--profile", "strict"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    for words in ["station: as expected", "stage        ChargeLoop", "[V2G20-441]", "last messages"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn what_makes_no_sense_with_slac_is_wrong_use() {
    for (args, word) in [
        (&["secc", "--iface", "lo", "--lab", "--slac", "--sessions", "2"][..], "one cable"),
        (&["secc", "--iface", "lo", "--lab", "--pilot", "unix:/run/pilot"], "--slac"),
        (&["evcc", "--iface", "lo", "--lab", "--service", "dc", "--slac-timeout", "9"], "--slac"),
        (&["slac", "ev", "--iface", "lo", "--pilot", "somewhere"], "unix:PATH"),
    ] {
        let output = v2g(args);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && error.contains(word), "{args:?}: {error}");
    }
}
