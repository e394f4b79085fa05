//! Speed against the public Rust peer, `iso15118` 0.7.0, in one run: charge loops and certificate messages, both ways.
//! Prints how many times faster this codec is, and what misses its goal. Time is measured here, not asserted:
//! machines are noisy, and `cargo xtask instructions` is the gate.
//!
//! Ours decodes and then reads every value, strings and byte strings copied out, because decoding alone gives
//! views; the peer's decoder has copied everything when it is done. Both encode into a buffer that is there.

mod peer;

use std::cell::Cell;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion};
use exi_codec::{Document, iso20};
use v2g_benches::{Case, Set, Sink, Value, cases, decode_and_read, encode, is_measured};

use crate::peer::Peer;

/// Best time of one operation in seconds, ours and the peer's.
struct Comparison {
    what: String,
    ours: f64,
    peer: f64,
    goal: u32,
}

fn main() -> ExitCode {
    let cases = match cases() {
        Ok(cases) => cases,
        Err(error) => {
            eprintln!("rival: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .without_plots()
        .configure_from_args();
    let mut comparisons = Vec::new();
    for case in cases.iter().filter(|case| goal(&case.name).is_some()) {
        let run = match case.set {
            Set::Common => {
                compare::<iso20::common_messages::Message<'_>, iso15118::iso20::messages::Document>
            }
            Set::Dc => compare::<iso20::dc::Message<'_>, iso15118::iso20::dc::Document>,
            Set::Ac => compare::<iso20::ac::Message<'_>, iso15118::iso20::ac::Document>,
            Set::AppProtocol | Set::Wpt | Set::Acdp => continue,
        };
        comparisons.extend(run(&mut criterion, case));
    }
    criterion.final_summary();
    if is_measured() {
        report(&comparisons);
    }
    ExitCode::SUCCESS
}

/// How many times faster than the peer, for the messages that count.
fn goal(name: &str) -> Option<u32> {
    match name {
        "AuthorizationReq_PnC_sig" | "CertificateInstallationRes" => Some(20),
        _ if name.contains("ChargeLoop") => Some(6),
        _ => None,
    }
}

fn compare<'a, M, P>(criterion: &mut Criterion, case: &'a Case) -> [Comparison; 2]
where
    M: Document<'a> + Value<Owned: Document<'static>>,
    P: Peer,
{
    let goal = goal(&case.name).unwrap_or(1);
    let message = exi_codec::decode::<M>(&case.octets).expect("a valid message").owned();
    let theirs = P::decode(&case.octets);
    let mut out = vec![0; case.octets.len() + 64];
    assert_eq!(theirs.encode(&mut out), case.octets.len(), "{}: the peer encodes something else", case.name);
    assert_eq!(out.get(..case.octets.len()), Some(case.octets.as_slice()), "{}", case.name);

    let mut sink = Sink::new();
    let mut group = criterion.benchmark_group(&case.name);
    let mut measure = |name: &str, operation: &mut dyn FnMut()| {
        let best = Cell::new(f64::INFINITY);
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter_custom(|count| {
                let start = Instant::now();
                (0..count).for_each(|_| operation());
                let taken = start.elapsed();
                #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
                best.set(best.get().min(taken.as_secs_f64() / count as f64));
                taken
            });
        });
        best.get()
    };
    let decode = Comparison {
        what: format!("{} decode", case.name),
        ours: measure("decode", &mut || {
            decode_and_read::<M>(black_box(&case.octets), &mut sink).expect("a valid message");
        }),
        peer: measure("decode, peer", &mut || {
            black_box(P::decode(black_box(&case.octets)));
        }),
        goal,
    };
    let encode = Comparison {
        what: format!("{} encode", case.name),
        ours: measure("encode", &mut || {
            black_box(encode(black_box(&message), &mut out)).expect("a valid message");
        }),
        peer: measure("encode, peer", &mut || {
            black_box(black_box(&theirs).encode(&mut out));
        }),
        goal,
    };
    group.finish();
    [decode, encode]
}

fn report(comparisons: &[Comparison]) {
    println!("{:42}{:>12}{:>12}{:>8}{:>6}", "best time", "ours", "iso15118", "ratio", "goal");
    for Comparison { what, ours, peer, goal } in comparisons {
        let ratio = peer / ours;
        let verdict = if ratio < f64::from(*goal) { " MISS" } else { "" };
        println!("{what:42}{:9.1} ns{:9.1} ns{ratio:8.1}{goal:6}{verdict}", ours * 1e9, peer * 1e9);
    }
}
