//! Both executors give the same answer to everything, also to damaged streams, and write the same.
//!
//! `V2G_MUTATIONS` says how many damaged streams are tried (default 20 000).

use super::{Coding, Decoded, Engine, EngineError, EngineKind, Set, of};
use crate::input::hex;
use crate::tree::{Element, Node, Value};
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

/// What both executors say to a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Accepted,
    Refused,
    /// A global element that is no message: the interpreter reads it, the typed codec does not know it.
    Untyped,
}

fn check(set: Set, coding: Coding, exi: &[u8]) -> Verdict {
    let (typed, grammar) = (of(EngineKind::Typed), of(EngineKind::Grammar));
    let place = || format!("{set:?} {coding:?} {}", crate::input::to_hex(exi));
    let answers = (typed.decode(set, coding, exi), grammar.decode(set, coding, exi));
    let root: Element = match answers {
        (Ok(Decoded { root, consumed }), Ok(other)) => {
            assert_eq!((&root, consumed), (&other.root, other.consumed), "{}", place());
            root
        }
        (Err(_), Err(_)) => return Verdict::Refused,
        (Err(error), Ok(_)) if is_unknown_to_types(&error) => return Verdict::Untyped,
        (typed, grammar) => panic!("{}\ntyped {typed:?}\ngrammar {grammar:?}", place()),
    };
    for empty in [EmptyText::AsCharacters, EmptyText::AsEndElement] {
        let written = typed.encode(set, coding, &root, empty).unwrap_or_else(|e| panic!("{}: {e}", place()));
        assert_eq!(Ok(written), grammar.encode(set, coding, &root, empty), "{}", place());
    }
    Verdict::Accepted
}

fn count() -> u64 {
    std::env::var("V2G_MUTATIONS").map_or(DEFAULT_MUTATIONS, |text| text.parse().unwrap())
}

#[test]
fn executors_agree_on_damaged_streams() {
    let count = count();
    let streams = streams();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut accepted, mut untyped) = (0, 0);
    for _ in 0..count {
        let (set, coding, mut exi) = streams[random.below(streams.len())].clone();
        damage(&mut exi, &mut random);
        match check(set, coding, &exi) {
            Verdict::Accepted => accepted += 1,
            Verdict::Untyped => untyped += 1,
            Verdict::Refused => {}
        }
    }
    println!("{count} damaged streams: {accepted} accepted by both, {untyped} with a root that has no type");
    // Damage that is always fatal would prove nothing about content.
    assert!(accepted > count / 10 && untyped < count / 10);
}

/// The values and child elements below an element, in order.
fn values<'e>(element: &'e mut Element, found: &mut Vec<&'e mut Value>) {
    found.extend(element.attributes.iter_mut().map(|(_, value)| value));
    for node in &mut element.content {
        match node {
            Node::Element(child) => values(child, found),
            Node::Value(value) => found.push(value),
        }
    }
}

fn elements<'e>(element: &'e mut Element, found: &mut Vec<&'e mut Vec<Node>>) {
    // Either the content itself or what is below it: one of the two is borrowed.
    if element.content.iter().any(|node| matches!(node, Node::Element(child) if !child.content.is_empty())) {
        for node in &mut element.content {
            if let Node::Element(child) = node {
                elements(child, found);
            }
        }
    } else {
        found.push(&mut element.content);
    }
}

/// Another text for a value: other forms of the same one, and what is none.
fn reword(text: &str, random: &mut Random) -> String {
    let half = text.char_indices().nth(random.below(text.chars().count().max(1))).map_or(0, |(at, _)| at);
    match random.below(12) {
        0 => format!(" {text}\n"),
        1 => format!("\t{text}"),
        2 => format!("+{text}"),
        3 => format!("-{text}"),
        4 => format!("00{text}"),
        5 => format!("{} {}", &text[..half], &text[half..]),
        6 => text[..half].to_owned(),
        7 => text.to_lowercase(),
        8 => format!("{text}{text}"),
        9 => [
            "0",
            "-0",
            "1",
            "255",
            "256",
            "-1",
            "-129",
            "65536",
            "4294967296",
            "-170141183460469231731687303715884105729",
        ][random.below(10)]
        .to_owned(),
        10 => ["true", "false", "", " ", "AA", "AAAA", "AB==", "A===", "====", "é", "\u{c}"]
            [random.below(11)]
        .to_owned(),
        _ => format!("{text}\u{1f50c}"),
    }
}

/// Changes a document somewhere.
fn edit(root: &mut Element, random: &mut Random) {
    if random.below(4) > 0 {
        let mut found = Vec::new();
        values(root, &mut found);
        if !found.is_empty() {
            let at = random.below(found.len());
            *found[at] = Value::Text(reword(&found[at].lexical(), random));
        }
        return;
    }
    let mut found = Vec::new();
    elements(root, &mut found);
    let at = random.below(found.len());
    let content = &mut *found[at];
    if content.is_empty() {
        return;
    }
    let (one, other) = (random.below(content.len()), random.below(content.len()));
    match random.below(4) {
        0 => drop(content.remove(one)),
        1 => content.insert(one, content[other].clone()),
        2 => content.swap(one, other),
        _ => content.push(Node::Value(Value::Text("text".to_owned()))),
    }
}

#[test]
fn executors_agree_on_edited_documents() {
    let (typed, grammar) = (of(EngineKind::Typed), of(EngineKind::Grammar));
    let documents: Vec<_> = streams()
        .into_iter()
        .map(|(set, coding, exi)| (set, coding, typed.decode(set, coding, &exi).unwrap().root))
        .collect();
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for _ in 0..count() / 10 {
        let (set, coding, mut root) = documents[random.below(documents.len())].clone();
        edit(&mut root, &mut random);
        let written = |engine: &dyn Engine| engine.encode(set, coding, &root, EmptyText::AsCharacters);
        let (typed, grammar) = (written(typed.as_ref()), written(grammar.as_ref()));
        assert!(
            typed.as_ref().ok() == grammar.as_ref().ok(),
            "{set:?} {coding:?} {}\ntyped {typed:?}\ngrammar {grammar:?}",
            root.to_xml(),
        );
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
