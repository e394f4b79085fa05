//! Both executors give the same answer to everything, also to damaged streams, and write the same.
//!
//! `V2G_MUTATIONS` says how many damaged streams are tried (default 20 000).

use super::{Coding, Decoded, EngineError, EngineKind, Set, of};
use crate::input::hex;
use crate::tree::Element;
use clap::ValueEnum;
use exi_codec::EmptyText;
use serde_json::Value as Json;

const DEFAULT_MUTATIONS: u64 = 20_000;

/// A small deterministic generator (xorshift64*): failures can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

/// Streams of the committed corpus, the shorter ones.
fn streams() -> Vec<(Set, Coding, Vec<u8>)> {
    let mut streams = Vec::new();
    for set in Set::value_variants() {
        let path = format!("{}/../conformance/corpus/{}.jsonl", env!("CARGO_MANIFEST_DIR"), set.name());
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        for line in text.lines() {
            let line: Json = serde_json::from_str(line).unwrap();
            let coding = if line["fragment"] == true { Coding::Fragment } else { Coding::Document };
            let exi = hex(line["exi_hex"].as_str().unwrap()).unwrap();
            if exi.len() < 2000 {
                streams.push((*set, coding, exi));
            }
        }
    }
    streams
}

fn damage(exi: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(3) {
        if exi.len() < 2 {
            return;
        }
        let at = 1 + random.below(exi.len() - 1);
        match random.below(6) {
            0 | 1 => exi[at] ^= 0x80 >> random.below(8),
            2 => exi[at] = random.next() as u8,
            3 => exi.truncate(at),
            4 => drop(exi.drain(at..exi.len().min(at + 1 + random.below(4)))),
            _ => exi.insert(at, random.next() as u8),
        }
    }
}

/// Only messages are roots of typed documents and only what is signed is a root of typed fragments.
fn is_unknown_to_types(error: &EngineError) -> bool {
    error.0.starts_with("the root element is not a message")
        || error.0.starts_with("the set xmldsig has no messages")
}

fn check(set: Set, coding: Coding, exi: &[u8]) {
    let (typed, grammar) = (of(EngineKind::Typed), of(EngineKind::Grammar));
    let place = || format!("{set:?} {coding:?} {}", crate::input::to_hex(exi));
    let answers = (typed.decode(set, coding, exi), grammar.decode(set, coding, exi));
    let root: Element = match answers {
        (Ok(Decoded { root, consumed }), Ok(other)) => {
            assert_eq!((&root, consumed), (&other.root, other.consumed), "{}", place());
            root
        }
        (Err(_), Err(_)) => return,
        (Err(error), Ok(_)) if is_unknown_to_types(&error) => return,
        (typed, grammar) => panic!("{}\ntyped {typed:?}\ngrammar {grammar:?}", place()),
    };
    for empty in [EmptyText::AsCharacters, EmptyText::AsEndElement] {
        let written = typed.encode(set, coding, &root, empty).unwrap_or_else(|e| panic!("{}: {e}", place()));
        assert_eq!(Ok(written), grammar.encode(set, coding, &root, empty), "{}", place());
    }
}

#[test]
fn executors_agree_on_damaged_streams() {
    let count = std::env::var("V2G_MUTATIONS").map_or(DEFAULT_MUTATIONS, |text| text.parse().unwrap());
    let streams = streams();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..count {
        let (set, coding, mut exi) = streams[random.below(streams.len())].clone();
        damage(&mut exi, &mut random);
        check(set, coding, &exi);
    }
}

#[test]
fn executors_agree_on_streams_of_other_sets() {
    for (_, coding, exi) in streams() {
        for set in Set::value_variants() {
            check(*set, coding, &exi);
        }
    }
}
