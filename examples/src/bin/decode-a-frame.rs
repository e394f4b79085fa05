//! Reads V2GTP frames in hexadecimal, one per argument, and says what is in them.
//!
//! ```text
//! cargo run -p v2g-examples --bin decode-a-frame -- 01fe80010000000480400040
//! ```

use std::error::Error;

use iso15118_20::message::{Request, Response};
use v2gtp::{Frame, SchemaSet};

/// A charger's choice of protocol.
const SAMPLE: &str = "01fe80010000000480400040";

fn main() -> Result<(), Box<dyn Error>> {
    let mut frames: Vec<String> = std::env::args().skip(1).collect();
    if frames.is_empty() {
        frames.push(SAMPLE.to_owned());
    }
    for hex in &frames {
        let bytes = bytes(hex)?;
        let frame = Frame::new_checked(&bytes)?;
        // Before a service is selected, DC stands for the family that reads the few ambiguous payloads.
        let (payload_type, family) = (frame.payload_type(), SchemaSet::Dc);
        println!("payload type {payload_type}, {} bytes of EXI", frame.payload().len());
        if let Ok(request) = Request::decode(payload_type, family, frame.payload()) {
            println!("{}: {request:#?}", request.kind());
        } else {
            let response = Response::decode(payload_type, family, frame.payload())?;
            println!("{}: {response:#?}", response.kind());
        }
    }
    Ok(())
}

fn bytes(hex: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let digits: Vec<u32> =
        hex.chars().map(|c| c.to_digit(16)).collect::<Option<_>>().ok_or("not hexadecimal")?;
    if !digits.len().is_multiple_of(2) {
        return Err("an odd number of digits".into());
    }
    Ok(digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect())
}
