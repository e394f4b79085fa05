//! One benchmark operation, to be run under callgrind with `--toggle-collect` on [`decode_and_read`] or [`encode`]:
//! what is collected then is the exact number of instructions of the operation and of nothing else.
//! `cargo xtask instructions` does so for all messages.
//!
//! `instructions` prints the names of the messages; `instructions NAME` decodes and encodes the message.

use std::process::ExitCode;

use exi_codec::{Document, app_protocol, iso20};
use v2g_benches::{Case, Set, Sink, Value, cases, decode_and_read, encode};

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
    match case.set {
        Set::AppProtocol => both_ways::<app_protocol::Message<'_>>(case),
        Set::Common => both_ways::<iso20::common_messages::Message<'_>>(case),
        Set::Dc => both_ways::<iso20::dc::Message<'_>>(case),
        Set::Ac => both_ways::<iso20::ac::Message<'_>>(case),
        Set::Wpt => both_ways::<iso20::wpt::Message<'_>>(case),
        Set::Acdp => both_ways::<iso20::acdp::Message<'_>>(case),
    }
}

fn both_ways<'a, M>(case: &'a Case) -> Result<(), String>
where
    M: Document<'a> + Value<Owned: Document<'static>>,
{
    decode_and_read::<M>(&case.octets, &mut Sink::new()).map_err(|error| error.to_string())?;
    let message = exi_codec::decode::<M>(&case.octets).map_err(|error| error.to_string())?.owned();
    let mut out = vec![0; case.octets.len() + 8];
    let length = encode(&message, &mut out).map_err(|error| error.to_string())?;
    if out.get(..length) == Some(&case.octets) {
        Ok(())
    } else {
        Err("the message does not encode to the same octets".into())
    }
}
