//! One benchmark operation, to be run under callgrind with `--toggle-collect` on [`decode_and_read`] or [`encode`]:
//! what is collected then is the exact number of instructions of the operation and of nothing else.
//! `cargo xtask instructions` does so for all messages.
//!
//! `instructions` prints the names of the messages; `instructions NAME` decodes and encodes the message.

use std::process::ExitCode;

use exi_codec::{Document, Error, Index, app_protocol, iso20};
use v2g_benches::{Set, Sink, Value, cases, decode_and_read, decode_and_read_indexed, encode};

fn main() -> ExitCode {
    match run(std::env::args().nth(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("instructions: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run(name: Option<String>) -> Result<(), String> {
    let cases = cases().map_err(|error| error.to_string())?;
    let Some(name) = name else {
        for case in &cases {
            println!("{}", case.name);
        }
        return Ok(());
    };
    let case = cases.iter().find(|case| case.name == name).ok_or_else(|| format!("no message {name}"))?;
    let error = |error: Error| error.to_string();
    let (octets, sink) = (&case.octets, &mut Sink::new());
    match case.set {
        Set::AppProtocol => {
            decode_and_read::<app_protocol::Message<'_>>(octets, sink).map_err(error)?;
            there_again::<app_protocol::Message<'_>>(octets)
        }
        Set::Common => {
            let mut index = Index::new();
            decode_and_read_indexed::<iso20::common_messages::Message<'_>>(octets, &mut index, sink)
                .map_err(error)?;
            there_again::<iso20::common_messages::Message<'_>>(octets)
        }
        Set::Dc => {
            decode_and_read::<iso20::dc::Message<'_>>(octets, sink).map_err(error)?;
            there_again::<iso20::dc::Message<'_>>(octets)
        }
        Set::Ac => {
            decode_and_read::<iso20::ac::Message<'_>>(octets, sink).map_err(error)?;
            there_again::<iso20::ac::Message<'_>>(octets)
        }
        Set::Wpt => {
            decode_and_read::<iso20::wpt::Message<'_>>(octets, sink).map_err(error)?;
            there_again::<iso20::wpt::Message<'_>>(octets)
        }
        Set::Acdp => {
            decode_and_read::<iso20::acdp::Message<'_>>(octets, sink).map_err(error)?;
            there_again::<iso20::acdp::Message<'_>>(octets)
        }
    }
}

/// Rebuilds the message from slices and encodes it.
fn there_again<'a, M>(octets: &'a [u8]) -> Result<(), String>
where
    M: Document<'a> + Value<Owned: Document<'static>>,
{
    let message = exi_codec::decode::<M>(octets).map_err(|error| error.to_string())?.owned();
    let mut out = vec![0; octets.len() + 8];
    let length = encode(&message, &mut out).map_err(|error| error.to_string())?;
    if out.get(..length) == Some(octets) {
        Ok(())
    } else {
        Err("the message does not encode to the same octets".into())
    }
}
