//! One TLS connection, both directions: records in, what was in them out, once their secrets are known.

use std::collections::VecDeque;

use super::super::messages::{Extractor, Yield};
use super::super::tcp::{Origin, Sink as _};
use super::cipher::{Keys, Suite};
use super::handshake::{Certificates, Handshake, Messages};
use super::keys::{Epoch, KeyLog, Writer};

/// Bytes of records that wait for their secrets; when more wait, the oldest are given up.
const MAX_WAITING: usize = 4 << 20;
/// Records that may be missing from a capture before one that is there.
const MAX_MISSING: u64 = 64;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
const TLS_1_3: u16 = 0x0304;

/// What was found, and in which direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The first record was opened.
    Opened(Suite),
    Certificates(Certificates),
    /// An alert, by its number; what ends a connection in good order is none.
    Alert(u8),
    /// What the connection carries.
    Carried(Yield),
}

/// Where one direction stands.
#[derive(Debug, Default)]
struct Half {
    messages: Messages,
    stage: Stage,
    /// Records are missing before the next one.
    gap: bool,
    carried: Extractor,
}

#[derive(Default)]
enum Stage {
    /// Nothing is encrypted yet.
    #[default]
    Plain,
    /// Encrypted from now on, with the keys of an epoch.
    Encrypted(Epoch, Option<Keys>),
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Plain => "Plain",
            Self::Encrypted(Epoch::Handshake, _) => "Handshake",
            Self::Encrypted(Epoch::Application, _) => "Application",
        })
    }
}

/// What became of a record.
enum Progress {
    Done,
    /// Its secret is not known yet.
    Waits,
}

/// A connection.
#[derive(Debug, Default)]
pub(crate) struct Session {
    random: Option<[u8; 32]>,
    /// The direction of the client.
    client: Option<usize>,
    suite: Option<Suite>,
    halves: [Half; 2],
    waiting: VecDeque<(usize, Origin, Vec<u8>)>,
    waiting_bytes: usize,
    found: Vec<(usize, Origin, Found)>,
    opened: bool,
    /// Encrypted records that were not opened.
    pub(crate) unopened: u64,
}

impl Session {
    /// Takes a record, header included.
    pub(crate) fn record(&mut self, from: usize, origin: Origin, record: Vec<u8>, keys: &KeyLog) {
        self.waiting_bytes += record.len();
        self.waiting.push_back((from, origin, record));
        self.go_on(keys);
        while self.waiting_bytes > MAX_WAITING {
            self.give_up_first();
            self.go_on(keys);
        }
    }

    /// Bytes of a direction are missing from the capture.
    pub(crate) fn gap(&mut self, from: usize, origin: Origin, missing: u64) {
        self.halves[from].gap = true;
        self.halves[from].carried.gap(origin, missing);
        self.take_carried(from);
    }

    /// The connection is over: what waits will not be opened, but what stands behind it may.
    pub(crate) fn finish(&mut self, keys: &KeyLog) {
        while !self.waiting.is_empty() {
            self.give_up_first();
            self.go_on(keys);
        }
        for from in [0, 1] {
            self.halves[from].carried.finish();
            self.take_carried(from);
        }
    }

    /// What has been found since the last call.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = (usize, Origin, Found)> {
        self.found.drain(..)
    }

    fn give_up_first(&mut self) {
        if let Some((from, _, record)) = self.waiting.pop_front() {
            self.waiting_bytes -= record.len();
            self.unopened += u64::from(record.first() == Some(&APPLICATION_DATA));
            self.halves[from].gap = true;
        }
    }

    /// Opens what waits, in the order in which it came, as far as secrets are known.
    pub(crate) fn go_on(&mut self, keys: &KeyLog) {
        while let Some((from, origin, record)) = self.waiting.pop_front() {
            match self.open(from, origin, &record, keys) {
                Progress::Done => self.waiting_bytes -= record.len(),
                Progress::Waits => {
                    self.waiting.push_front((from, origin, record));
                    return;
                }
            }
        }
    }

    fn open(&mut self, from: usize, origin: Origin, record: &[u8], keys: &KeyLog) -> Progress {
        let content = record.get(5..).unwrap_or_default();
        match (record.first(), &self.halves[from].stage) {
            (Some(&HANDSHAKE), Stage::Plain) => self.handshake(from, origin, content),
            (Some(&ALERT), _) => self.alert(from, origin, content),
            (Some(&APPLICATION_DATA), Stage::Encrypted(..)) => {
                return self.decrypt(from, origin, record, keys);
            }
            // Without a hello nobody knows the suite.
            (Some(&APPLICATION_DATA), Stage::Plain) => self.unopened += 1,
            _ => {}
        }
        Progress::Done
    }

    fn decrypt(&mut self, from: usize, origin: Origin, record: &[u8], keys: &KeyLog) -> Progress {
        let (Some(random), Some(suite)) = (self.random, self.suite) else {
            self.unopened += 1;
            return Progress::Done;
        };
        let writer = if self.client == Some(from) { Writer::Client } else { Writer::Server };
        let half = &mut self.halves[from];
        let Stage::Encrypted(epoch, own) = &mut half.stage else { return Progress::Done };
        let mut passing = false;
        if own.is_none() {
            let mut secret = keys.secret(&random, *epoch, writer);
            if secret.is_none() && *epoch == Epoch::Handshake {
                // The secrets of the handshake may be kept back: what follows it is found by trying.
                secret = keys.secret(&random, Epoch::Application, writer);
                passing = secret.is_some();
            }
            let Some(secret) = secret else { return Progress::Waits };
            *own = Keys::new(suite, secret);
        }
        let tries = if half.gap { MAX_MISSING } else { 0 };
        let opened = own.as_mut().and_then(|own| own.open(record, tries));
        if passing {
            match &opened {
                Some(_) => *epoch = Epoch::Application,
                None => *own = None,
            }
        }
        let Some((kind, content)) = opened else {
            self.unopened += 1;
            return Progress::Done;
        };
        half.gap = false;
        if !std::mem::replace(&mut self.opened, true) {
            self.found.push((from, origin, Found::Opened(suite)));
        }
        match kind {
            HANDSHAKE => self.handshake(from, origin, &content),
            ALERT => self.alert(from, origin, &content),
            APPLICATION_DATA => {
                self.halves[from].carried.bytes(origin, &content);
                self.take_carried(from);
            }
            _ => {}
        }
        Progress::Done
    }

    fn alert(&mut self, from: usize, origin: Origin, content: &[u8]) {
        // close_notify is the end of every connection.
        if let &[_, description] = content
            && description != 0
        {
            self.found.push((from, origin, Found::Alert(description)));
        }
    }

    fn handshake(&mut self, from: usize, origin: Origin, content: &[u8]) {
        self.halves[from].messages.push(content);
        while let Some(message) = self.halves[from].messages.next() {
            match message {
                Handshake::ClientHello { random } => {
                    self.random = Some(random);
                    self.client = Some(from);
                }
                Handshake::ServerHello { suite, version: TLS_1_3 } => {
                    self.suite = Suite::from_number(suite);
                    for half in &mut self.halves {
                        half.stage = Stage::Encrypted(Epoch::Handshake, None);
                    }
                }
                Handshake::Certificate(certificates) => {
                    self.found.push((from, origin, Found::Certificates(certificates)));
                }
                Handshake::Finished => {
                    self.halves[from].stage = Stage::Encrypted(Epoch::Application, None);
                }
                Handshake::KeyUpdate => {
                    if let Stage::Encrypted(_, own) = &mut self.halves[from].stage {
                        *own = own.as_ref().and_then(Keys::updated);
                    }
                }
                Handshake::ServerHello { .. } | Handshake::Other => {}
            }
        }
    }

    fn take_carried(&mut self, from: usize) {
        let carried = self.halves[from].carried.drain();
        self.found.extend(carried.map(|(origin, found)| (from, origin, Found::Carried(found))));
    }
}
