//! A stream cut into pieces must give what it gives whole. The first byte is the size of the pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use v2gtp::{PayloadType, Reassembler, StreamCounters, StreamError};

const CAP: usize = 512;

type Outcome = (Vec<(PayloadType, Vec<u8>)>, Result<(), StreamError>, StreamCounters);

fn run<'a>(reads: impl Iterator<Item = &'a [u8]>) -> Outcome {
    let mut memory = [0; CAP];
    let mut stream = Reassembler::new(&mut memory).with_cap(1024);
    let mut messages = Vec::new();
    let mut end = Ok(());
    for mut read in reads {
        end = loop {
            match stream.poll(&mut read) {
                Ok(Some(message)) => messages.push((message.payload_type, message.payload.to_vec())),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        assert!(end.is_err() || read.is_empty());
    }
    (messages, end, stream.counters())
}

fuzz_target!(|data: &[u8]| {
    let Some((size, bytes)) = data.split_first() else { return };
    let whole = run(std::iter::once(bytes));
    assert_eq!(whole, run(bytes.chunks(usize::from(*size).max(1))));
    let (messages, _, counters) = whole;
    assert!(counters.bytes <= bytes.len() as u64);
    assert!((messages.len() as u64 + counters.skipped) * 8 <= counters.bytes);
    assert!(messages.iter().all(|(_, payload)| payload.len() <= CAP));
});
