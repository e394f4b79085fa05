//! Recognises TLS, counts its records, and opens those of TLS 1.3 whose secrets are known.

mod cipher;
mod handshake;
mod keys;
mod session;

pub(crate) use cipher::Suite;
pub(crate) use handshake::Certificates;
pub(crate) use keys::KeyLog;
pub(super) use session::{Found, Session};

/// Length of a record header, bytes.
const HEADER: usize = 5;
/// Longest ciphertext of a record, TLS 1.2 included.
const MAX_RECORD: usize = (1 << 14) + 2048;
const HANDSHAKE: u8 = 22;
const SERVER_HELLO: u8 = 2;
const SUPPORTED_VERSIONS: u16 = 43;

/// Records of one direction, by their outer content type. Most of a TLS 1.3 handshake travels as application data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Records {
    pub(crate) handshake: u64,
    pub(crate) application_data: u64,
    pub(crate) alert: u64,
    pub(crate) change_cipher_spec: u64,
}

impl std::ops::Add for Records {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            handshake: self.handshake + other.handshake,
            application_data: self.application_data + other.application_data,
            alert: self.alert + other.alert,
            change_cipher_spec: self.change_cipher_spec + other.change_cipher_spec,
        }
    }
}

/// What the first bytes of a stream say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// A record header.
    Tls,
    /// Something else.
    Other,
    /// Too few bytes to tell.
    Undecided,
}

/// Whether `bytes` start with a record header.
pub(crate) fn likeness(bytes: &[u8]) -> Likeness {
    match *bytes {
        [kind, ..] if !(20..=23).contains(&kind) => Likeness::Other,
        [_, major, ..] if major != 3 => Likeness::Other,
        [_, _, minor, ..] if minor > 4 => Likeness::Other,
        [_, _, _, l0, l1, ..] => {
            let length = usize::from(u16::from_be_bytes([l0, l1]));
            if length == 0 || length > MAX_RECORD { Likeness::Other } else { Likeness::Tls }
        }
        _ => Likeness::Undecided,
    }
}

/// Follows the records of one direction.
#[derive(Debug, Default)]
pub(crate) struct Follower {
    pub(crate) records: Records,
    /// The version that the server chose, where its hello was seen.
    pub(crate) version: Option<u16>,
    /// The record under way, as far as it has come.
    record: Vec<u8>,
}

impl Follower {
    /// The next bytes of the stream. Every record that is whole is handed on.
    pub(crate) fn bytes(&mut self, mut bytes: &[u8], mut record: impl FnMut(Vec<u8>)) {
        while !bytes.is_empty() {
            let wanted = self.wanted();
            let (now, later) = bytes.split_at(bytes.len().min(wanted - self.record.len()));
            self.record.extend_from_slice(now);
            bytes = later;
            if self.record.len() == HEADER && likeness(&self.record) != Likeness::Tls {
                // Out of step after a gap: a record usually starts with the next segment.
                self.record.clear();
                return;
            }
            if self.record.len() > HEADER && self.record.len() == self.wanted() {
                record(self.complete());
            }
        }
    }

    /// Bytes are missing here.
    pub(crate) fn gap(&mut self) {
        self.record.clear();
    }

    fn wanted(&self) -> usize {
        match self.record.get(3..HEADER) {
            Some(&[l0, l1]) => HEADER + usize::from(u16::from_be_bytes([l0, l1])),
            _ => HEADER,
        }
    }

    fn complete(&mut self) -> Vec<u8> {
        match self.record[0] {
            HANDSHAKE => {
                self.records.handshake += 1;
                self.version = self.version.or_else(|| server_version(&self.record[HEADER..]));
            }
            23 => self.records.application_data += 1,
            21 => self.records.alert += 1,
            _ => self.records.change_cipher_spec += 1,
        }
        std::mem::take(&mut self.record)
    }
}

/// The version in a server hello: that of its extension, else the one of its body.
fn server_version(handshake: &[u8]) -> Option<u16> {
    let u16_at = |at: usize| handshake.get(at..)?.first_chunk().copied().map(u16::from_be_bytes);
    if *handshake.first()? != SERVER_HELLO {
        return None;
    }
    let legacy = u16_at(4)?;
    let session_id = usize::from(*handshake.get(38)?);
    // Cipher suite, compression method and length of the extensions follow the session id.
    let mut at = 39 + session_id + 5;
    while let (Some(extension), Some(length)) = (u16_at(at), u16_at(at + 2)) {
        if extension == SUPPORTED_VERSIONS && length == 2 {
            return u16_at(at + 4);
        }
        at += 4 + usize::from(length);
    }
    Some(legacy)
}

#[cfg(test)]
mod tests;
