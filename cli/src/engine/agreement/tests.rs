use clap::ValueEnum;
use serde_json::Value as Json;

use super::{Answer, Coding, Sample, Set, compare, try_damaged};
use crate::input::hex;

/// Streams of the committed corpus, the shorter ones.
fn samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    for set in Set::value_variants() {
        let path = format!("{}/../conformance/corpus/{}.jsonl", env!("CARGO_MANIFEST_DIR"), set.name());
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        for line in text.lines() {
            let line: Json = serde_json::from_str(line).unwrap();
            let coding = if line["fragment"] == true { Coding::Fragment } else { Coding::Document };
            let exi = hex(line["exi_hex"].as_str().unwrap()).unwrap();
            if exi.len() < 2000 {
                samples.push(Sample::new(*set, coding, exi).unwrap());
            }
        }
    }
    samples
}

#[test]
fn executors_agree_on_damaged_streams_and_edited_documents() {
    let tally = try_damaged(&samples(), 20_000, 1).unwrap();
    assert_eq!((tally.streams, tally.documents), (20_000, 2000));
    // Damage that is always fatal, or never, would prove nothing.
    assert!((2000..18_000).contains(&tally.accepted) && tally.untyped < 2000, "{tally:?}");
    assert!((200..1800).contains(&tally.written), "{tally:?}");
}

#[test]
fn the_same_seed_gives_the_same_damage() {
    let samples = samples();
    let first = try_damaged(&samples, 500, 7).unwrap();
    assert_eq!(try_damaged(&samples, 500, 7).unwrap(), first);
    assert_ne!(try_damaged(&samples, 500, 8).unwrap(), first);
}

#[test]
fn executors_agree_on_streams_of_other_sets() {
    for sample in samples() {
        for set in Set::value_variants() {
            compare(*set, sample.coding, &sample.exi).unwrap();
        }
    }
}

#[test]
fn a_sample_has_to_be_a_message() {
    let refused = |set, exi: &[u8]| Sample::new(set, Coding::Document, exi.to_vec()).unwrap_err();
    assert!(refused(Set::Dc, &[0x80]).starts_with("both executors refuse it: "));
    // The first global element of CommonMessages is no message.
    assert!(matches!(
        compare(Set::Common, Coding::Document, &[0x80, 0x00]),
        Ok(Answer::Refused(_) | Answer::Untyped)
    ));
}
