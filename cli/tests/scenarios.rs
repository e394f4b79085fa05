//! The scenarios that the project ships: each is read, and runs to the end that it expects.

mod common;

use std::path::PathBuf;

use common::v2g;
use serde_json::Value;
use v2g_scenario::Scenario;

/// What the engines cannot do yet.
const TO_COME: [&str; 6] = ["ac-overnight", "bus-depot", "pause", "renegotiation", "standby", "wireless"];

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
    let runs = files().into_iter().filter(|(name, _)| !TO_COME.contains(&name.as_str()));
    // Several at once: they mostly wait.
    let runs: Vec<_> = runs
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

#[test]
fn what_is_still_to_come_is_said() {
    for name in TO_COME {
        let (_, path) = files().into_iter().find(|(file, _)| file == name).unwrap();
        let run = v2g(&["session", "--scenario", path.to_str().unwrap()], b"");
        assert_eq!((run.status, run.stdout.as_str()), (1, ""), "{name}");
        assert!(run.stderr.contains(" yet\n"), "{name}: {}", run.stderr);
    }
}
