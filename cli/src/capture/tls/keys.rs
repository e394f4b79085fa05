//! Secrets of TLS 1.3 sessions, in the lines of `SSLKEYLOGFILE`: label, random of the client, secret.

use std::collections::HashMap;
use std::fmt;

/// Sessions whose secrets are kept; what comes beyond is passed over.
const MAX_SESSIONS: usize = 1 << 16;

/// Which of the secrets of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Epoch {
    Handshake,
    Application,
}

/// Who writes with the key that follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writer {
    Client,
    Server,
}

type Random = [u8; 32];

/// The secrets of many sessions.
#[derive(Default)]
pub(crate) struct KeyLog {
    secrets: HashMap<Random, [Option<Vec<u8>>; 4]>,
}

impl fmt::Debug for KeyLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyLog").field("sessions", &self.secrets.len()).finish_non_exhaustive()
    }
}

const fn place(epoch: Epoch, writer: Writer) -> usize {
    match (epoch, writer) {
        (Epoch::Handshake, Writer::Client) => 0,
        (Epoch::Handshake, Writer::Server) => 1,
        (Epoch::Application, Writer::Client) => 2,
        (Epoch::Application, Writer::Server) => 3,
    }
}

const LABELS: [&str; 4] = [
    "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    "CLIENT_TRAFFIC_SECRET_0",
    "SERVER_TRAFFIC_SECRET_0",
];

impl KeyLog {
    /// Takes lines, and returns how many secrets were in them. Other lines are passed over, whatever they are.
    pub(crate) fn add(&mut self, text: &[u8]) -> usize {
        text.split(|octet| *octet == b'\n').filter_map(|line| self.line(line)).count()
    }

    fn line(&mut self, line: &[u8]) -> Option<()> {
        let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
        let (label, random, secret) = (words.next()?, words.next()?, words.next()?);
        let place = LABELS.iter().position(|known| *known == label)?;
        let random: Random = crate::input::hex(random).ok()?.try_into().ok()?;
        let secret = crate::input::hex(secret).ok().filter(|secret| matches!(secret.len(), 32 | 48))?;
        if self.secrets.len() == MAX_SESSIONS && !self.secrets.contains_key(&random) {
            return None;
        }
        self.secrets.entry(random).or_default()[place] = Some(secret);
        Some(())
    }

    /// A secret, if it is known.
    pub(crate) fn secret(&self, random: &Random, epoch: Epoch, writer: Writer) -> Option<&[u8]> {
        self.secrets.get(random)?[place(epoch, writer)].as_deref()
    }
}
