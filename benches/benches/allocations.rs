//! Counts allocations: none of ours, however large the message; the peer's for comparison.

mod peer;

use std::hint::black_box;
use std::process::ExitCode;

use allocation_counter::measure;
use exi_codec::{Document, app_protocol, iso20};
use v2g_benches::{Case, Set, Sink, Value, cases, decode_and_read, encode};

use crate::peer::Peer;

fn main() -> ExitCode {
    let cases = match cases() {
        Ok(cases) => cases,
        Err(error) => {
            eprintln!("allocations: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!(
        "{:38}{:>10}{:>10}{:>18}{:>18}",
        "allocations", "decode", "encode", "decode, iso15118", "encode, iso15118"
    );
    let mut ours = 0;
    for case in &cases {
        let (decode, encode) = match case.set {
            Set::AppProtocol => own::<app_protocol::Message<'_>>(case),
            Set::Common => own::<iso20::common_messages::Message<'_>>(case),
            Set::Dc => own::<iso20::dc::Message<'_>>(case),
            Set::Ac => own::<iso20::ac::Message<'_>>(case),
            Set::Wpt => own::<iso20::wpt::Message<'_>>(case),
            Set::Acdp => own::<iso20::acdp::Message<'_>>(case),
        };
        let peer = match case.set {
            Set::Common => Some(others::<iso15118::iso20::messages::Document>(case)),
            Set::Dc => Some(others::<iso15118::iso20::dc::Document>(case)),
            Set::Ac => Some(others::<iso15118::iso20::ac::Document>(case)),
            Set::AppProtocol | Set::Wpt | Set::Acdp => None,
        };
        let (peer_decode, peer_encode) = peer.map_or_else(
            || ("-".to_owned(), "-".to_owned()),
            |(decode, encode)| (decode.to_string(), encode.to_string()),
        );
        println!("{:38}{decode:10}{encode:10}{peer_decode:>18}{peer_encode:>18}", case.name);
        ours += decode + encode;
    }
    if ours == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn own<'a, M: Document<'a> + Value<Owned: Document<'static>>>(case: &'a Case) -> (u64, u64) {
    let mut sink = Sink::new();
    let decoding = measure(|| {
        decode_and_read::<M>(&case.octets, &mut sink).expect("a valid message");
    });
    let message = exi_codec::decode::<M>(&case.octets).expect("a valid message").owned();
    let mut out = vec![0; case.octets.len() + 8];
    let encoding = measure(|| {
        encode(&message, &mut out).expect("a valid message");
    });
    (decoding.count_total, encoding.count_total)
}

fn others<P: Peer>(case: &Case) -> (u64, u64) {
    let decoding = measure(|| {
        black_box(P::decode(&case.octets));
    });
    let message = P::decode(&case.octets);
    let mut out = vec![0; case.octets.len() + 64];
    let encoding = measure(|| {
        black_box(message.encode(&mut out));
    });
    (decoding.count_total, encoding.count_total)
}
