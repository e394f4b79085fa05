//! A link without I/O: bytes of the wire in and out, bytes of the session out and in.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use rustls::time_provider::TimeProvider;
use rustls::{ClientConnection, ServerConnection};

use crate::error::Error;
use crate::peer::{Handshake, Peer};
use crate::refusal::{self, Alert, Refusal};
use crate::verifier::Judge;

/// Where a link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The handshake is under way.
    Handshake,
    /// Data may pass.
    Open,
    /// The peer said that it sends no more.
    PeerClosed,
    /// An error ended it. Its alert may still wait to be sent.
    Failed,
}

/// One end of a TLS connection, without socket and clock of its own.
///
/// The contract: after every call, send what [`poll_transmit`](Self::poll_transmit) yields until it yields nothing,
/// and read what [`read`](Self::read) yields until it yields nothing. That holds after an error too: the last thing
/// sent is the alert. Deadlines are the caller's.
///
/// A vehicle's handshake is complete before the station has seen the vehicle's certificate. That the station accepts
/// it shows in its first data; that it refuses, in an alert instead.
#[derive(Debug)]
pub struct Link {
    connection: rustls::Connection,
    guard: Guard,
    peer: Option<Peer>,
    failed: bool,
    /// The peer sent close_notify.
    closed: bool,
}

/// Checks at the end of the handshake what rustls does not.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    pub(crate) judge: Arc<Judge>,
    pub(crate) time: Arc<dyn TimeProvider>,
}

impl Guard {
    /// The peer of a complete handshake. The chain of one that was resumed is verified again: it may have expired or
    /// have been revoked since. There is no staple then, so that the status must come from lists or a cache.
    pub(crate) fn admit(&self, connection: &rustls::CommonState) -> Result<Peer, Error> {
        let peer = Peer::of(connection).ok_or(Error::NoCertificate)?;
        if peer.handshake() == Handshake::Resumed {
            let chain = connection.peer_certificates().unwrap_or_default();
            let now = self.time.current_time();
            let now = now.ok_or_else(|| Refusal::new(Alert::CertificateUnknown, "there is no time"));
            now.and_then(|now| self.judge.judge(chain.iter(), &[], now)).map_err(Error::Refused)?;
        }
        Ok(peer)
    }
}

impl Link {
    pub(crate) fn server(connection: ServerConnection, guard: Guard) -> Self {
        Self { connection: connection.into(), guard, peer: None, failed: false, closed: false }
    }

    pub(crate) fn client(connection: ClientConnection, guard: Guard) -> Self {
        Self { connection: connection.into(), guard, peer: None, failed: false, closed: false }
    }

    /// Takes bytes that arrived off the front of `input`. Some remain if what was received before has to be read
    /// first.
    ///
    /// # Errors
    /// The link is over.
    pub fn handle_input(&mut self, input: &mut &[u8]) -> Result<(), Error> {
        while !input.is_empty() && !self.failed {
            match self.connection.read_tls(input) {
                // After close_notify nothing counts any more.
                Ok(0) => *input = &[],
                Ok(_) => self.process().inspect_err(|_| self.failed = true)?,
                // The plaintext has to be read first.
                Err(_) => break,
            }
        }
        Ok(())
    }

    fn process(&mut self) -> Result<(), Error> {
        refusal::take();
        let state = self.connection.process_new_packets().map_err(Error::from_rustls)?;
        self.closed = state.peer_has_closed();
        if self.peer.is_none() && !self.connection.is_handshaking() {
            match self.guard.admit(&self.connection) {
                Ok(peer) => self.peer = Some(peer),
                Err(e) => {
                    // rustls sends no alert of ours any more; the peer sees the end of the link.
                    self.connection.send_close_notify();
                    return Err(e);
                }
            }
        }
        Ok(())
    }

    /// Says that the connection below ended.
    ///
    /// # Errors
    /// [`Error::Truncated`] if the peer did not say before that it was done.
    pub fn handle_end(&mut self) -> Result<(), Error> {
        if self.phase() == Phase::PeerClosed {
            return Ok(());
        }
        self.failed = true;
        Err(Error::Truncated)
    }

    /// Writes bytes for the wire to `out` and returns how many; 0 if there are none.
    pub fn poll_transmit(&mut self, out: &mut [u8]) -> usize {
        let mut rest = &mut *out;
        let mut written = 0;
        while !rest.is_empty() && self.connection.wants_write() {
            match self.connection.write_tls(&mut rest) {
                Ok(len @ 1..) => written += len,
                _ => break,
            }
        }
        written
    }

    /// Reads data of the session and returns how many bytes; 0 if there are none.
    pub fn read(&mut self, out: &mut [u8]) -> usize {
        // Nothing of a peer that was not admitted.
        if self.peer.is_none() { 0 } else { self.connection.reader().read(out).unwrap_or(0) }
    }

    /// Takes data of the session to be sent and returns how many bytes: none before the link is open, and less than
    /// given while much waits to be transmitted.
    pub fn write(&mut self, data: &[u8]) -> usize {
        match self.phase() {
            Phase::Open | Phase::PeerClosed => self.connection.writer().write(data).unwrap_or(0),
            Phase::Handshake | Phase::Failed => 0,
        }
    }

    /// Says to the peer that nothing more will be sent.
    pub fn close(&mut self) {
        self.connection.send_close_notify();
    }

    /// Where the link stands.
    pub fn phase(&self) -> Phase {
        if self.failed {
            Phase::Failed
        } else if self.closed {
            Phase::PeerClosed
        } else if self.peer.is_some() {
            Phase::Open
        } else {
            Phase::Handshake
        }
    }

    /// The peer, once the link was open.
    pub const fn peer(&self) -> Option<&Peer> {
        self.peer.as_ref()
    }

    /// True if [`poll_transmit`](Self::poll_transmit) has something.
    pub fn wants_transmit(&self) -> bool {
        self.connection.wants_write()
    }
}
