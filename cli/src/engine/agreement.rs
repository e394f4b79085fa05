//! Both executors give the same answer to everything, also to damaged streams, and write the same.

mod damage;
#[cfg(test)]
mod tests;

use std::ops::AddAssign;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use exi_codec::EmptyText;
use serde::Serialize;

use super::{Coding, Decoded, EngineError, EngineKind, Set, of};
use crate::input::to_hex;
use crate::tree::Element;
use damage::Random;

/// Damaged streams are made in parts of this length, each from random numbers of its own: how many processors share the work
/// does not change it.
const PART: u64 = 10_000;
/// One document is edited for so many streams that are damaged.
const STREAMS_PER_EDIT: u64 = 10;

/// A stream that both executors read.
#[derive(Debug)]
pub(crate) struct Sample {
    set: Set,
    coding: Coding,
    exi: Vec<u8>,
    root: Element,
}

impl Sample {
    /// What both executors make of a stream as it is; why they cannot.
    pub(crate) fn new(set: Set, coding: Coding, exi: Vec<u8>) -> Result<Self, String> {
        match compare(set, coding, &exi)? {
            Answer::Read(root) => Ok(Self { set, coding, exi, root }),
            Answer::Refused(error) => Err(format!("both executors refuse it: {error}")),
            Answer::Untyped => Err("its root element is no message".to_owned()),
        }
    }
}

/// What became of damaged streams and edited documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Tally {
    /// Streams that were tried.
    pub(crate) streams: u64,
    /// Those of them that both read.
    pub(crate) accepted: u64,
    /// Those whose root became an element that is no message: the interpreter reads it, the typed codec does not know it.
    pub(crate) untyped: u64,
    /// Documents that were tried.
    pub(crate) documents: u64,
    /// Those of them that both wrote.
    pub(crate) written: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.streams += other.streams;
        self.accepted += other.accepted;
        self.untyped += other.untyped;
        self.documents += other.documents;
        self.written += other.written;
    }
}

/// Damages `count` copies of samples, edits a tenth as many documents, and compares what the executors make of them, on all
/// processors. An error is a disagreement, with what it is about.
pub(crate) fn try_damaged(samples: &[Sample], count: u64, seed: u64) -> Result<Tally, String> {
    let parts = count.div_ceil(PART);
    let next = AtomicU64::new(0);
    let work = || -> Result<Tally, String> {
        let mut tally = Tally::default();
        loop {
            let part = next.fetch_add(1, Ordering::Relaxed);
            if part >= parts {
                return Ok(tally);
            }
            let streams = PART.min(count - part * PART);
            // After a disagreement the others end with the part that they are at.
            tally += try_part(samples, streams, Random::new(seed, part))
                .inspect_err(|_| next.store(parts, Ordering::Relaxed))?;
        }
    };
    thread::scope(|scope| {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..processors).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_fold(Tally::default(), |mut tally, worker| {
            tally += worker.join().map_err(|_| "an executor panics".to_owned())??;
            Ok(tally)
        })
    })
}

fn try_part(samples: &[Sample], streams: u64, mut random: Random) -> Result<Tally, String> {
    let mut tally = Tally { streams, documents: streams.div_ceil(STREAMS_PER_EDIT), ..Tally::default() };
    for _ in 0..tally.streams {
        let sample = &samples[random.below(samples.len())];
        let mut exi = sample.exi.clone();
        damage::damage(&mut exi, &mut random);
        match compare(sample.set, sample.coding, &exi)? {
            Answer::Read(_) => tally.accepted += 1,
            Answer::Untyped => tally.untyped += 1,
            Answer::Refused(_) => {}
        }
    }
    for _ in 0..tally.documents {
        let sample = &samples[random.below(samples.len())];
        let mut root = sample.root.clone();
        damage::edit(&mut root, &mut random);
        let write = |kind| of(kind).encode(sample.set, sample.coding, &root, EmptyText::AsCharacters);
        match (write(EngineKind::Typed), write(EngineKind::Grammar)) {
            (Ok(typed), Ok(grammar)) if typed == grammar => tally.written += 1,
            (Err(_), Err(_)) => {}
            (typed, grammar) => {
                let xml = root.to_xml();
                let place = format!("{:?} {:?} {xml}", sample.set, sample.coding);
                return Err(format!("{place}\ntyped {typed:x?}\ngrammar {grammar:x?}"));
            }
        }
    }
    Ok(tally)
}

/// What both executors say to a stream.
#[derive(Debug)]
enum Answer {
    Read(Element),
    Refused(EngineError),
    /// A global element that is no message.
    Untyped,
}

/// The answer of both, whose content they write again, the same octets in either form of empty text. An error is a disagreement.
fn compare(set: Set, coding: Coding, exi: &[u8]) -> Result<Answer, String> {
    let (typed, grammar) = (of(EngineKind::Typed), of(EngineKind::Grammar));
    let place = || format!("{set:?} {coding:?} {}", to_hex(exi));
    let root = match (typed.decode(set, coding, exi), grammar.decode(set, coding, exi)) {
        (Ok(Decoded { root, consumed }), Ok(other)) if root == other.root && consumed == other.consumed => {
            root
        }
        (Err(error), Err(_)) => return Ok(Answer::Refused(error)),
        (Err(error), Ok(_)) if is_unknown_to_types(&error) => return Ok(Answer::Untyped),
        (typed, grammar) => return Err(format!("{}\ntyped {typed:?}\ngrammar {grammar:?}", place())),
    };
    for empty in [EmptyText::AsCharacters, EmptyText::AsEndElement] {
        let typed = typed.encode(set, coding, &root, empty);
        let grammar = grammar.encode(set, coding, &root, empty);
        if typed.is_err() || typed != grammar {
            return Err(format!("{}, written again\ntyped {typed:x?}\ngrammar {grammar:x?}", place()));
        }
    }
    Ok(Answer::Read(root))
}

/// Only messages are roots of typed documents and only what is signed is a root of typed fragments.
fn is_unknown_to_types(error: &EngineError) -> bool {
    error.0.starts_with("the root element is not a message")
        || error.0.starts_with("the set xmldsig has no messages")
}
