//! HomePlug frames in the three formats.

use std::io::Write;

use serde_json::{Map, Value as Json, json};
use v2g_slac::Frame;

use super::print::{Printer, heading};
use crate::args::Format;
use crate::capture::Item;
use crate::failure::Failure;
use crate::input::to_hex;
use crate::slac::describe;
use crate::terminal::Colour;
use crate::tree;

impl<W: Write> Printer<W> {
    /// A frame between modems and their hosts. One that is malformed, as some on purpose are, is shown as such.
    pub(super) fn homeplug(&mut self, item: &Item, bytes: &[u8]) -> Result<(), Failure> {
        let frame = Frame::new_checked(bytes);
        let described = frame
            .map_err(|error| error.to_string())
            .and_then(|frame| describe(&frame).map_err(|error| format!("{}: {error}", frame.mmtype())));
        let heading = heading(item, item.flow.sender);
        match (self.format, described) {
            (Format::Json, described) => {
                let mut line = Map::new();
                line.insert("frame".to_owned(), json!(item.frame));
                line.insert("time".to_owned(), json!((item.time.as_secs_f64() * 1e6).round() / 1e6));
                if let Ok(frame) = frame {
                    line.insert("from".to_owned(), json!(frame.source().to_string()));
                    line.insert("to".to_owned(), json!(frame.destination().to_string()));
                }
                line.insert("homeplug_hex".to_owned(), json!(to_hex(bytes)));
                match described {
                    Ok(root) => {
                        line.insert("message".to_owned(), json!(root.name.local));
                        line.insert("content".to_owned(), root.to_json());
                    }
                    Err(error) => {
                        line.insert("malformed".to_owned(), json!(error));
                    }
                }
                writeln!(self.out, "{}", Json::Object(line))?;
            }
            (Format::Xml, Ok(root)) => {
                writeln!(self.out, "<!-- {heading}: HomePlug -->")?;
                writeln!(self.out, "{}", root.to_xml())?;
            }
            (Format::Xml, Err(error)) => {
                writeln!(self.out, "<!-- {heading}: HomePlug: {} -->", error.replace("--", "- -"))?;
            }
            (Format::Table, Ok(root)) => {
                let name = self.paint.text(Colour::Bold, &root.name.local);
                let details = self.paint.text(Colour::Dim, &format!("  HomePlug, {} bytes", bytes.len()));
                writeln!(self.out, "{heading}  {name}{details}")?;
                for line in tree::lines(&root, 4) {
                    writeln!(self.out, "{line}")?;
                }
            }
            (Format::Table, Err(error)) => {
                writeln!(self.out, "{heading}  HomePlug: {}", self.paint.text(Colour::Yellow, &error))?;
            }
        }
        Ok(())
    }
}
