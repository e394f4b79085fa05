//! `v2g encode`: a message in XML or JSON becomes EXI.

use std::io::Write;

use exi_codec::EmptyText;

use crate::args::{Encode, Notation};
use crate::engine;
use crate::failure::Failure;
use crate::input;
use crate::tree::Element;

pub(crate) fn run(args: &Encode) -> Result<(), Failure> {
    let text = input::read_text(args.input.as_deref())?;
    let message = text.trim_start_matches('\u{feff}').trim();
    let root = match message.chars().next() {
        Some('<') => Element::from_xml(message),
        Some('{') => Element::from_json(message),
        Some(_) => Err("neither XML nor JSON".to_owned()),
        None => Err("there is nothing in it".to_owned()),
    }
    .map_err(|reason| Failure::failed(format!("the message cannot be read: {reason}")))?;
    let exi = engine::of(args.engine)
        .encode(args.set, args.coding(), &root, EmptyText::AsCharacters)
        .map_err(Failure::failed)?;
    let mut out = std::io::stdout().lock();
    match args.notation() {
        Notation::Bytes => out.write_all(&exi)?,
        Notation::Hex => writeln!(out, "{}", input::to_hex(&exi))?,
    }
    out.flush()?;
    Ok(())
}
