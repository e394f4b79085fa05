//! The scenarios that the project ships: each is read, and runs to the end that it expects.

mod common;

use std::path::PathBuf;

use common::v2g;
use serde_json::Value;
use v2g_scenario::Scenario;

fn files() -> Vec<(String, PathBuf)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/scenarios");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path))
        .collect();
    files.sort();
    files
}

#[test]
fn every_file_is_a_scenario_with_a_name() {
    let files = files();
    assert!(files.len() >= 25, "{}", files.len());
    for (name, path) in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let scenario = Scenario::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!scenario.name.is_empty() && scenario.about.ends_with('.'), "{name}");
    }
}

#[test]
fn every_scenario_ends_as_it_says() {
    // Several at once: they mostly wait.
    let runs: Vec<_> = files()
        .into_iter()
        .map(|(name, path)| {
            std::thread::spawn(move || {
                (v2g(&["session", "--json", "--scenario", path.to_str().unwrap()], b""), name)
            })
        })
        .collect();
    for run in runs {
        let (run, name) = run.join().unwrap();
        let last: Value = serde_json::from_str(run.stdout.lines().last().unwrap_or("null")).unwrap();
        assert_eq!((run.status, &last["ok"]), (0, &Value::Bool(true)), "{name}: {last}\n{}", run.stderr);
        assert!(last["vehicle"]["outcome"].is_string() && last["station"]["outcome"].is_string(), "{name}");
    }
}

/// Events of a scenario, as `side: event detail`.
fn events(name: &str) -> Vec<String> {
    let (_, path) = files().into_iter().find(|(file, _)| file == name).unwrap();
    let trace = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.jsonl"));
    let options =
        ["session", "--json", "--scenario", path.to_str().unwrap(), "--trace", trace.to_str().unwrap()];
    let run = v2g(&options, b"");
    assert_eq!(run.status, 0, "{name}: {}", run.stderr);
    let text = std::fs::read_to_string(trace).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    lines
        .filter(|line| line["what"] == "event" || line["what"] == "end")
        .map(|line| {
            let what = if line["what"] == "end" { word(&line["outcome"]) } else { word(&line["event"]) };
            format!("{}: {what} {}", word(&line["side"]), word(&line["detail"]))
        })
        .collect()
}

#[test]
fn what_a_scenario_wants_really_happens() {
    for (name, wanted) in [
        (
            "pause",
            &[
                "vehicle: notified Pause",
                "vehicle: paused",
                "station: session resumed DcBpt",
                "vehicle: terminated",
            ][..],
        ),
        ("standby", &["vehicle: standby", "station: standby", "vehicle: notified ExitStandby"]),
        (
            "renegotiation",
            &[
                "vehicle: notified ScheduleRenegotiation",
                "station: schedule renegotiated",
                "station: meter confirmed",
                "vehicle: metering confirmed",
                "vehicle: notified ServiceRenegotiation",
                "station: service DcBpt",
            ],
        ),
        ("renegotiation-by-vehicle", &["station: schedule renegotiated", "vehicle: service AcBpt"]),
        ("islanding", &["station: fault islanding", "vehicle: notified Terminate within 0 s"]),
        (
            "wireless",
            &["station: pair", "station: check the coils", "station: fault an object", "station: output 0 W"],
        ),
        (
            "bus-depot",
            &["vehicle: in position immobilized", "vehicle: device EndPosition", "vehicle: device Home"],
        ),
        (
            "parking",
            &[
                "vehicle: value-added service Internet",
                "station: check-in Completed",
                "station: check-out Completed",
                "vehicle: parked",
            ],
        ),
        ("slow-back-end", &["station: schedules wanted", "vehicle: scheduled"]),
        ("silent-back-end", &["station: overdue Schedule", "vehicle: scheduled"]),
    ] {
        let events = events(name);
        for wanted in wanted {
            assert!(events.iter().any(|event| event.starts_with(wanted)), "{name}: {wanted}: {events:#?}");
        }
        assert!(!events.iter().any(|event| event.contains("not possible")), "{name}: {events:#?}");
    }
}

#[test]
fn a_vehicle_that_looks_for_the_cheapest_waits_for_it() {
    let events = events("tariff");
    let converter: Vec<&String> = events.iter().filter(|e| e.starts_with("vehicle: converter")).collect();
    assert!(!converter.is_empty(), "{events:#?}");
    let (_, path) = files().into_iter().find(|(file, _)| file == "tariff").unwrap();
    let trace = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("tariff.jsonl");
    let text = std::fs::read_to_string(trace).unwrap();
    let first = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|line| line["event"] == "converter" && line["detail"] != "0 W")
        .unwrap();
    // Energy is cheap from the third second on; the schedule is counted in whole ones.
    let at = first["t"].as_f64().unwrap();
    assert!((2.0..6.0).contains(&at), "{at}: {}", path.display());
}
