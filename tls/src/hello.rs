//! The first message of a client, read before any stack takes the connection.
//!
//! A port may serve ISO 15118-20 over TLS 1.3 and ISO 15118-2 over TLS 1.2 [V2G20-2359]. Which of them a client means
//! stands in its `supported_versions`: one that offers TLS 1.3 gets the -20 stack and nothing else. Nothing of what was
//! read is lost: whoever takes the connection gets all bytes from the first one on.

use thiserror::Error;

use crate::fragment::MaxFragment;

/// Bytes of a ClientHello at most, over all its records. Names of roots make it grow.
const LONGEST: usize = 64 * 1024;
/// Bytes of a record at most (RFC 8446, 5.1).
const RECORD: usize = 1 << 14;
const RECORD_HEADER: usize = 5;
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const MAX_FRAGMENT_LENGTH: u16 = 1;
const SUPPORTED_VERSIONS: u16 = 43;
const TLS_1_3: u16 = 0x0304;

/// What a ClientHello says about the stack that it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Which versions are offered.
    pub offer: Offer,
    /// The longest records that the client wants, if it says so (RFC 6066).
    pub max_fragment: Option<MaxFragment>,
}

/// Which versions of TLS a client offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Offer {
    /// TLS 1.3, maybe others: for ISO 15118-20.
    Tls13,
    /// TLS 1.2 or older only: for ISO 15118-2, if somebody speaks it.
    Older,
}

/// Why bytes are no ClientHello.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HelloError {
    /// The first bytes are no handshake record of TLS. V2GTP in the clear, for example.
    #[error("the first bytes are not TLS")]
    NotTls,
    /// The first message is no ClientHello.
    #[error("the first message is not a ClientHello")]
    NotClientHello,
    /// The message is longer than any.
    #[error("the ClientHello is too long")]
    TooLong,
    /// Lengths inside do not add up.
    #[error("the ClientHello is malformed")]
    Malformed,
}

impl HelloError {
    /// The alert that tells a client, as a record for the wire; none for one that does not speak TLS.
    pub const fn alert(self) -> Option<[u8; 7]> {
        let description = match self {
            Self::NotTls => return None,
            // unexpected_message, decode_error (RFC 8446, 6.2)
            Self::NotClientHello => 10,
            Self::TooLong | Self::Malformed => 50,
        };
        Some([21, 3, 3, 0, 2, 2, description])
    }
}

/// Collects bytes until the ClientHello is complete. The work is linear in what arrives, however it is cut.
#[derive(Debug, Default)]
pub struct HelloReader {
    received: Vec<u8>,
    /// Where the next record begins in what was received.
    record: usize,
    /// What the records before it carried: type, length and body of the message.
    message: Vec<u8>,
}

impl HelloReader {
    /// Nothing received yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes that arrived and returns the ClientHello when it is complete.
    ///
    /// # Errors
    /// The bytes are no ClientHello; close the connection.
    pub fn handle_input(&mut self, bytes: &[u8]) -> Result<Option<Hello>, HelloError> {
        self.received.extend_from_slice(bytes);
        loop {
            if let [_, a, b, c, body @ ..] = self.message.as_slice() {
                let announced = u32::from_be_bytes([0, *a, *b, *c]) as usize;
                if announced > LONGEST {
                    return Err(HelloError::TooLong);
                }
                if let Some(body) = body.get(..announced) {
                    return hello(body).ok_or(HelloError::Malformed).map(Some);
                }
            }
            let Some(content) = record(self.received.get(self.record..).unwrap_or_default())? else {
                let endless = self.received.len() > LONGEST + RECORD;
                return if endless { Err(HelloError::TooLong) } else { Ok(None) };
            };
            self.message.extend_from_slice(content);
            self.record += RECORD_HEADER + content.len();
            if self.message.first() != Some(&CLIENT_HELLO) {
                return Err(HelloError::NotClientHello);
            }
        }
    }

    /// All bytes received, for the stack that takes the connection.
    pub fn into_bytes(self) -> Vec<u8> {
        self.received
    }
}

/// The content of the record at the front, when it is complete. What is no handshake is refused by its first bytes: a
/// client in the clear does not send more before it gets an answer.
fn record(bytes: &[u8]) -> Result<Option<&[u8]>, HelloError> {
    match bytes {
        [kind, ..] if *kind != HANDSHAKE => return Err(HelloError::NotTls),
        [_, major, ..] if *major != 3 => return Err(HelloError::NotTls),
        _ => {}
    }
    let Some((&[_, _, _, high, low], rest)) = bytes.split_first_chunk::<RECORD_HEADER>() else {
        return Ok(None);
    };
    let len = usize::from(u16::from_be_bytes([high, low]));
    if len == 0 || len > RECORD {
        return Err(HelloError::Malformed);
    }
    Ok(rest.get(..len))
}

/// Reads the extensions that matter (RFC 8446, 4.1.2).
fn hello(body: &[u8]) -> Option<Hello> {
    let mut rest = Bytes(body);
    rest.take(2 + 32)?;
    rest.short_list()?;
    rest.list()?;
    rest.short_list()?;
    let mut hello = Hello { offer: Offer::Older, max_fragment: None };
    if rest.0.is_empty() {
        return Some(hello);
    }
    let mut extensions = rest.list()?;
    while !extensions.0.is_empty() {
        let kind = extensions.number()?;
        let mut content = extensions.list()?;
        match kind {
            SUPPORTED_VERSIONS => {
                let mut versions = content.short_list()?;
                while !versions.0.is_empty() {
                    if versions.number()? == TLS_1_3 {
                        hello.offer = Offer::Tls13;
                    }
                }
            }
            MAX_FRAGMENT_LENGTH => {
                hello.max_fragment = content.0.first().copied().and_then(MaxFragment::from_code);
            }
            _ => {}
        }
    }
    rest.0.is_empty().then_some(hello)
}

/// Bytes from the front.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u16> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u16::from_be_bytes(*number))
    }

    /// What a length of two bytes announces.
    fn list(&mut self) -> Option<Self> {
        let len = self.number()?;
        self.take(len.into()).map(Self)
    }

    /// What a length of one byte announces.
    fn short_list(&mut self) -> Option<Self> {
        let (len, rest) = self.0.split_first()?;
        self.0 = rest;
        self.take(usize::from(*len)).map(Self)
    }
}

#[cfg(test)]
mod tests;
