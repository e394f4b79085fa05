//! What the user gave: hex digits, a file or the standard input, and what is in it.

use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::Path;

use crate::capture::{self, Capture};
use crate::failure::Failure;

/// Messages outside of captures are short; a longer file is something else.
const MAX_BYTES: u64 = 64 << 20;

/// The content of an input, by what it is.
pub(crate) enum Input {
    /// A capture, and its length where that is known.
    Capture(Box<Capture<Source>>, Option<u64>),
    /// V2GTP or EXI; hex digits on several lines can be several messages.
    Bytes(Vec<Vec<u8>>),
}

/// A capture to be read from its beginning.
pub(crate) type Source = std::io::Chain<Cursor<Vec<u8>>, Box<dyn Read>>;

/// Opens what the argument names.
pub(crate) fn open(argument: Option<&str>) -> Result<Input, Failure> {
    match argument {
        None | Some("-") => sniff(Box::new(std::io::stdin().lock()), None, "the standard input"),
        Some(path) if Path::new(path).exists() => {
            let file = File::open(path).map_err(|e| Failure::failed(format!("cannot open {path}: {e}")))?;
            let length = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|m| m.len());
            sniff(Box::new(BufReader::with_capacity(1 << 16, file)), length, path)
        }
        Some(text) => match hex(text) {
            Ok(bytes) => Ok(Input::Bytes(vec![bytes])),
            Err(reason) => {
                Err(Failure::usage(format!("`{}` is neither a file nor hex digits: {reason}", shorten(text)))
                    .advise("Give the path of a capture, or the digits of a message: v2g decode 80400040"))
            }
        },
    }
}

/// The whole input as text.
pub(crate) fn read_text(argument: Option<&str>) -> Result<String, Failure> {
    let result = match argument {
        None | Some("-") => std::io::read_to_string(std::io::stdin().lock()),
        Some(path) => std::fs::read_to_string(path),
    };
    result.map_err(|e| {
        Failure::failed(format!("cannot read {}: {e}", argument.unwrap_or("the standard input")))
    })
}

fn sniff(mut reader: Box<dyn Read>, length: Option<u64>, name: &str) -> Result<Input, Failure> {
    let unreadable = |e: std::io::Error| Failure::failed(format!("cannot read {name}: {e}"));
    let mut start = Vec::new();
    reader.by_ref().take(4).read_to_end(&mut start).map_err(unreadable)?;
    if capture::recognises(&start) {
        let capture = Capture::new(Cursor::new(start).chain(reader))
            .map_err(|e| Failure::failed(format!("{name}: {e}")))?;
        return Ok(Input::Capture(Box::new(capture), length));
    }
    reader.take(MAX_BYTES).read_to_end(&mut start).map_err(unreadable)?;
    if start.len() as u64 > MAX_BYTES {
        return Err(Failure::failed(format!("{name} is neither a capture nor a message: it is too long")));
    }
    match std::str::from_utf8(&start).ok().filter(|text| !text.trim().is_empty()).map(messages_in_text) {
        Some(Ok(messages)) => Ok(Input::Bytes(messages)),
        _ if start.is_empty() => Err(Failure::failed(format!("{name} is empty"))),
        Some(Err(reason)) if start.is_ascii() => {
            Err(Failure::failed(format!("{name} is text, but neither hex digits nor a capture: {reason}")))
        }
        _ => Ok(Input::Bytes(vec![start])),
    }
}

/// Hex digits over several lines: one message each if every line starts like one, else one message.
fn messages_in_text(text: &str) -> Result<Vec<Vec<u8>>, String> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let messages: Vec<Vec<u8>> = lines
        .map(|(number, line)| hex(line).map_err(|reason| format!("line {number}: {reason}")))
        .collect::<Result<_, _>>()?;
    let separate = messages.iter().all(|m| matches!(m.as_slice(), [0x80, ..] | [0x01, 0xfe, ..]));
    Ok(if separate { messages } else { vec![messages.concat()] })
}

/// Bytes of hex digits; spaces, colons, commas and a leading `0x` are passed over.
pub(crate) fn hex(text: &str) -> Result<Vec<u8>, String> {
    let text = text.trim();
    let text = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut high = None;
    for c in text.chars().filter(|c| !c.is_whitespace() && !matches!(c, ':' | ',' | '-' | '_')) {
        let digit = c.to_digit(16).ok_or_else(|| format!("`{}` is no hex digit", c.escape_default()))? as u8;
        match high.take() {
            None => high = Some(digit),
            Some(high) => bytes.push(high << 4 | digit),
        }
    }
    match high {
        None if bytes.is_empty() => Err("there are no digits".to_owned()),
        None => Ok(bytes),
        Some(_) => Err("the number of digits is odd".to_owned()),
    }
}

/// Lower-case hex digits.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).map(|n| char::from(DIGITS[usize::from(n)])).collect()
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{hex, messages_in_text, to_hex};

    #[test]
    fn hex_digits_in_the_forms_that_people_paste() {
        for text in ["0x8040ff", "80:40:ff", " 80 40 FF\n", "80,40,ff"] {
            assert_eq!(hex(text), Ok(vec![0x80, 0x40, 0xff]), "{text}");
        }
        assert_eq!(hex("804"), Err("the number of digits is odd".to_owned()));
        assert_eq!(hex("80zz"), Err("`z` is no hex digit".to_owned()));
        assert_eq!(hex("0x"), Err("there are no digits".to_owned()));
    }

    #[test]
    fn lines_are_messages_or_parts_of_one() {
        let separate = [vec![0x80, 0x40, 0, 0x40], vec![1, 0xfe, 0x80, 1, 0, 0, 0, 4]];
        assert_eq!(messages_in_text("80400040\n\n01fe8001 00000004\n"), Ok(separate.to_vec()));
        assert_eq!(messages_in_text("8040\n0040"), Ok(vec![separate[0].clone()]));
        assert_eq!(messages_in_text("80\nhello"), Err("line 2: `h` is no hex digit".to_owned()));
    }

    #[test]
    fn hex_there_and_back() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(hex(&to_hex(&bytes)), Ok(bytes));
    }
}
