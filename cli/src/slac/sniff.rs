//! `v2g slac sniff`: the HomePlug frames of an interface.

use std::io::Write;

use clap::Args as ClapArgs;
use serde_json::json;
use v2g_slac::Frame;

use super::describe::describe;
use super::port::Port;
use crate::failure::Failure;
use crate::input::to_hex;
use crate::runtime::Clock;
use crate::tree;

#[derive(Debug, ClapArgs)]
pub(crate) struct SniffArgs {
    /// The interface.
    #[arg(long, value_name = "IF")]
    iface: String,
    /// One JSON object per frame and line.
    #[arg(long)]
    json: bool,
    /// End after so many frames.
    #[arg(long, value_name = "N")]
    count: Option<u64>,
}

pub(super) fn run(args: &SniffArgs) -> Result<(), Failure> {
    let (_port, frames) = Port::homeplug(&args.iface)?;
    let clock = Clock::start();
    let mut left = args.count;
    while left != Some(0) {
        let Ok(bytes) = frames.recv() else { return Err(Failure::failed("the interface has gone")) };
        left = left.map(|left| left - 1);
        let time = clock.now().as_secs_f64();
        let mut out = std::io::stdout().lock();
        let described = Frame::new_checked(&bytes)
            .map_err(|error| error.to_string())
            .and_then(|frame| describe(&frame).map_err(|error| format!("{}: {error}", frame.mmtype())));
        match (described, args.json) {
            (Ok(root), true) => {
                let line = json!({ "time": time, "message": root.name.local, "content": root.to_json() });
                writeln!(out, "{line}")?;
            }
            (Err(error), true) => writeln!(out, "{}", json!({ "time": time, "error": error }))?,
            (Ok(root), false) => {
                writeln!(out, "{time:>10.3}  {}", root.name.local)?;
                for line in tree::lines(&root, 14) {
                    writeln!(out, "{line}")?;
                }
            }
            (Err(error), false) => writeln!(out, "{time:>10.3}  {error}\n              {}", to_hex(&bytes))?,
        }
        out.flush()?;
    }
    Ok(())
}
