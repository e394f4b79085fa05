//! Handshake messages of TLS 1.3, as far as a reader of captures needs them (RFC 8446, 4).

use super::server_version;

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const FINISHED: u8 = 20;
const KEY_UPDATE: u8 = 24;
const STATUS_REQUEST: u16 = 5;
/// The random of a HelloRetryRequest: SHA-256 of its name.
pub(super) const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
    0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];
/// The longest message that is believed.
const LONGEST: usize = 1 << 17;

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Handshake {
    ClientHello {
        random: [u8; 32],
    },
    ServerHello {
        suite: u16,
        version: u16,
    },
    Certificate(Certificates),
    Finished,
    KeyUpdate,
    /// Nothing that matters here.
    Other,
}

/// The certificates of one side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Certificates {
    /// Leaf first, each as DER.
    pub(crate) chain: Vec<Vec<u8>>,
    /// OCSP responses that came with them.
    pub(crate) staples: Vec<Vec<u8>>,
}

/// Messages of one side, which may be spread over records.
#[derive(Debug, Default)]
pub(super) struct Messages {
    buffer: Vec<u8>,
}

impl Messages {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next message that is whole. None also for what is too long to be one: nothing follows then.
    pub(super) fn next(&mut self) -> Option<Handshake> {
        let [kind, a, b, c, ..] = *self.buffer.as_slice() else { return None };
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        if length > LONGEST {
            self.buffer.clear();
            return None;
        }
        let body = self.buffer.get(4..4 + length)?;
        let message = match kind {
            CLIENT_HELLO => body
                .get(2..34)
                .and_then(|random| random.try_into().ok())
                .map(|random| Handshake::ClientHello { random }),
            SERVER_HELLO => server_hello(&self.buffer[..4 + length]),
            CERTIFICATE => certificates(body).map(Handshake::Certificate),
            FINISHED => Some(Handshake::Finished),
            KEY_UPDATE => Some(Handshake::KeyUpdate),
            _ => None,
        };
        self.buffer.drain(..4 + length);
        Some(message.unwrap_or(Handshake::Other))
    }
}

fn server_hello(message: &[u8]) -> Option<Handshake> {
    let version = server_version(message)?;
    let body = message.get(4..)?;
    let session = usize::from(*body.get(34)?);
    let suite = body.get(35 + session..)?.first_chunk().copied().map(u16::from_be_bytes)?;
    // A retry is answered with another hello, and only that is followed by keys.
    if body.get(2..34)? == RETRY {
        Some(Handshake::Other)
    } else {
        Some(Handshake::ServerHello { suite, version })
    }
}

fn certificates(body: &[u8]) -> Option<Certificates> {
    let mut rest = Bytes(body);
    rest.short()?;
    let mut list = Bytes(rest.long()?);
    let mut found = Certificates::default();
    while !list.0.is_empty() {
        found.chain.push(list.long()?.to_vec());
        let mut extensions = Bytes(list.medium()?);
        while !extensions.0.is_empty() {
            let kind = extensions.number()?;
            let content = extensions.medium()?;
            // CertificateStatus: the type OCSP, and a response.
            if let (STATUS_REQUEST, [1, response @ ..]) = (kind, content) {
                found.staples.push(Bytes(response).long()?.to_vec());
            }
        }
    }
    Some(found)
}

/// Bytes from the front.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u16> {
        self.take(2)?.first_chunk().copied().map(u16::from_be_bytes)
    }

    /// What lengths of one, two and three bytes announce.
    fn short(&mut self) -> Option<&'a [u8]> {
        let length = *self.take(1)?.first()?;
        self.take(length.into())
    }

    fn medium(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(length.into())
    }

    fn long(&mut self) -> Option<&'a [u8]> {
        let &[a, b, c] = self.take(3)?.first_chunk()?;
        self.take(u32::from_be_bytes([0, a, b, c]) as usize)
    }
}
