//! Speed of the engines: one turn of the charge loop at the charger, against the public Rust peer `iso15118` 0.7.0 in
//! the same run, and a whole session from both ends. Time is printed, not asserted; allocations are.
//!
//! A turn of ours begins with the bytes of a request and ends with the bytes of the response: framing, codec,
//! sequence, limits and set-points checked and filled, events handed out. The peer's ends with a response that the
//! application has made before and that it only has to stamp and encode.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant as Clock};

use allocation_counter::measure;
use criterion::{BenchmarkId, Criterion};
use iso15118::message::Message;
use iso15118::secc as peer;
use iso15118::session as peer_session;
use iso15118::v2gtp::PayloadType;
use iso15118::{Protocol, Protocols};
use iso15118_20::Instant;
use iso15118_20::message::MessageKind;
use iso15118_20::secc::Secc;
use v2g_benches::is_measured;
use v2g_benches::session::{BUFFER, SESSION, charger, run, serve};

/// Rounds of the session that is measured as a whole.
const ROUNDS: u32 = 100;

/// A request and its response, as frames.
struct Exchange {
    kind: MessageKind,
    request: Vec<u8>,
    response: Vec<u8>,
}

fn main() -> ExitCode {
    let mut recorded: Vec<Exchange> = Vec::new();
    let mut buffers = Box::new([[0; BUFFER]; 2]);
    run(&mut buffers, 3, |kind, request, response| {
        recorded.push(Exchange { kind, request: request.to_vec(), response: response.to_vec() });
    });
    let Some(last) = recorded.iter().rposition(|exchange| exchange.kind == MessageKind::DcChargeLoopReq)
    else {
        eprintln!("turn: no round of the loop was recorded");
        return ExitCode::FAILURE;
    };
    let until_loop = &recorded[..=last];

    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .without_plots()
        .configure_from_args();
    let mut group = criterion.benchmark_group("engine");
    let mut best = [f64::INFINITY; 3];
    let mut time = |place: usize, name: &str, operation: &mut dyn FnMut()| {
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter_custom(|count| {
                let start = Clock::now();
                (0..count).for_each(|_| operation());
                let taken = start.elapsed();
                #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
                let each = taken.as_secs_f64() / count as f64;
                best[place] = best[place].min(each);
                taken
            });
        });
    };

    let mut memory = [0; BUFFER];
    let mut ours = Ours::in_loop(&mut memory, until_loop);
    time(0, "turn of the charge loop", &mut || ours.turn());
    let allocations = measure(|| ours.turn()).count_total;

    let mut theirs = Theirs::in_loop(until_loop);
    time(1, "turn of the charge loop, peer", &mut || theirs.turn());
    let peer_allocations = measure(|| theirs.turn()).count_total;

    time(2, "whole session, both ends", &mut || run(&mut buffers, ROUNDS, |_, _, _| {}));
    let session_allocations = measure(|| run(&mut buffers, ROUNDS, |_, _, _| {})).count_total;
    group.finish();

    println!("allocations of a turn: {allocations}, iso15118 0.7.0: {peer_allocations}");
    println!("allocations of a DC_BPT session of {ROUNDS} rounds, both ends: {session_allocations}");
    if is_measured() {
        let [turn, peer, session] = best;
        println!("turn of the charge loop at the charger, best: {:.0} ns", turn * 1e9);
        println!("the same, iso15118 0.7.0, without content: {:.0} ns", peer * 1e9);
        println!("ratio: {:.1} (goal: at least 1.25)", peer / turn);
        println!("DC_BPT session of {ROUNDS} rounds, both ends: {:.0} us", session * 1e6);
    }
    if allocations == 0 && session_allocations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Our charger in the loop, and the round that it gets over and over.
struct Ours<'a> {
    secc: Secc<'a>,
    round: &'a [u8],
    now: Instant,
    out: [u8; 1024],
}

impl<'a> Ours<'a> {
    fn in_loop(memory: &'a mut [u8], exchanges: &'a [Exchange]) -> Self {
        let (last, before) = exchanges.split_last().expect("exchanges");
        let mut ours =
            Self { secc: charger(memory), round: &last.request, now: Instant::ZERO, out: [0; 1024] };
        for Exchange { request, response, .. } in before {
            assert_eq!(ours.exchange(request), response.len());
        }
        ours
    }

    fn exchange(&mut self, request: &[u8]) -> usize {
        let _ = black_box(self.secc.handle_input(self.now, black_box(request)));
        serve(&mut self.secc, self.now);
        let sent = self.secc.poll_transmit(self.now, &mut self.out).expect("an answer that fits");
        serve(&mut self.secc, self.now);
        sent.expect("an answer at once").len
    }

    fn turn(&mut self) {
        self.now += Duration::from_millis(100);
        let round = self.round;
        black_box(self.exchange(round));
    }
}

/// The peer's charger in the loop, with the answer that its application gives over and over.
struct Theirs<'a> {
    secc: peer::Secc,
    round: &'a [u8],
    answer: Message,
    millis: u64,
}

impl<'a> Theirs<'a> {
    fn in_loop(exchanges: &'a [Exchange]) -> Self {
        let (last, before) = exchanges.split_last().expect("exchanges");
        let mut secc = peer::Secc::new(peer::SeccConfig {
            protocols: Protocols::only(Protocol::Iso20),
            session_id: peer_session::SessionId::new(SESSION),
            ..peer::SeccConfig::default()
        });
        secc.opened(peer_session::Instant::ZERO);
        let answer = |response: &[u8]| {
            let payload_type = if response[3] == 4 { PayloadType::Part20Dc } else { PayloadType::Part20Main };
            Message::decode(Some(Protocol::Iso20), payload_type, &response[8..]).expect("a message")
        };
        for Exchange { request, response, .. } in before {
            secc.handle_input(peer_session::Instant::ZERO, request).expect("a request that it takes");
            while let Some(event) = secc.poll_event() {
                match event {
                    peer::Event::Request(_) => {
                        secc.respond(peer_session::Instant::ZERO, answer(response)).expect("a response");
                    }
                    peer::Event::ProtocolAgreed(_) => {}
                    other => panic!("{other:?}"),
                }
            }
            black_box(secc.take_transmit());
        }
        let answer = answer(&last.response);
        Self { secc, round: &last.request, answer, millis: 0 }
    }

    fn turn(&mut self) {
        self.millis += 100;
        let now = peer_session::Instant::from_millis(self.millis);
        self.secc.handle_input(now, black_box(self.round)).expect("a request that it takes");
        while let Some(event) = self.secc.poll_event() {
            match event {
                peer::Event::Request(_) => self.secc.respond(now, self.answer.clone()).expect("a response"),
                other => panic!("{other:?}"),
            }
        }
        black_box(self.secc.take_transmit());
    }
}
