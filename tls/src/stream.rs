//! Blocking use: a link and the socket below it.

use std::io::{self, Read, Write};
use std::net::IpAddr;

use crate::error::Error;
use crate::hello::{HelloError, HelloReader, Offer};
use crate::link::{Link, Phase};
use crate::peer::Peer;
use crate::replay::Replay;
use crate::station::Station;
use crate::vehicle::Vehicle;

/// Bytes moved at once.
const CHUNK: usize = 4096;

/// What a station gets when it accepts a connection.
#[derive(Debug)]
pub enum Accepted<T, S> {
    /// A vehicle over TLS 1.3: for ISO 15118-20.
    Secured(T),
    /// A client that offers nothing newer than TLS 1.2: for a stack of ISO 15118-2, which gets every byte from the
    /// first one on. Where there is none, drop it: nothing was answered.
    Older(Replay<S>),
}

/// A TLS 1.3 connection over a blocking byte stream. Deadlines are those of the socket.
#[derive(Debug)]
pub struct Stream<S> {
    link: Link,
    socket: S,
}

impl Station {
    /// Reads the ClientHello and, if the client offers TLS 1.3, completes the handshake.
    ///
    /// # Errors
    /// There is no link; the vehicle was told by an alert.
    pub fn accept<S: Read + Write>(&self, mut socket: S) -> Result<Accepted<Stream<Replay<S>>, S>, Error> {
        let mut reader = HelloReader::new();
        let mut chunk = [0; CHUNK];
        let hello = loop {
            let len = retry(|| socket.read(&mut chunk))?;
            let read = chunk.get(..len).unwrap_or_default();
            if read.is_empty() {
                return Err(Error::Truncated);
            }
            match reader.handle_input(read) {
                Ok(Some(hello)) => break hello,
                Ok(None) => {}
                Err(e) => {
                    reject(&mut socket, e);
                    return Err(e.into());
                }
            }
        };
        let socket = Replay::new(reader.into_bytes(), socket);
        match hello.offer {
            Offer::Older => Ok(Accepted::Older(socket)),
            Offer::Tls13 => Stream::open(self.link(Some(&hello))?, socket).map(Accepted::Secured),
        }
    }
}

impl Vehicle {
    /// Completes the handshake with a station at the other end of `socket`.
    ///
    /// # Errors
    /// There is no link; the station was told by an alert.
    pub fn connect<S: Read + Write>(&self, station: IpAddr, socket: S) -> Result<Stream<S>, Error> {
        Stream::open(self.link(station)?, socket)
    }
}

/// Tells a client that speaks TLS why its first message is refused; others are told nothing. What cannot be sent is
/// not missed.
fn reject(socket: &mut impl Write, error: HelloError) {
    if let Some(record) = error.alert() {
        drop(socket.write_all(&record));
    }
}

impl<S: Read + Write> Stream<S> {
    fn open(link: Link, socket: S) -> Result<Self, Error> {
        let mut stream = Self { link, socket };
        while stream.link.phase() == Phase::Handshake {
            stream.send()?;
            if stream.link.phase() == Phase::Handshake {
                stream.receive()?;
            }
        }
        stream.send()?;
        Ok(stream)
    }

    /// Sends everything that waits.
    fn send(&mut self) -> Result<(), Error> {
        let mut chunk = [0; CHUNK];
        loop {
            let len = self.link.poll_transmit(&mut chunk);
            match chunk.get(..len) {
                Some([]) | None => return Ok(self.socket.flush()?),
                Some(bytes) => self.socket.write_all(bytes)?,
            }
        }
    }

    /// Waits for bytes and takes them. An alert that they cause is sent.
    fn receive(&mut self) -> Result<(), Error> {
        let mut chunk = [0; CHUNK];
        let len = retry(|| self.socket.read(&mut chunk))?;
        let mut input = chunk.get(..len).unwrap_or_default();
        if input.is_empty() {
            return self.link.handle_end();
        }
        // Whatever was received before has been read: there is room for all of it.
        let taken = self.link.handle_input(&mut input);
        debug_assert!(taken.is_err() || input.is_empty());
        if taken.is_err() {
            // The alert is a courtesy; the error below is the reason.
            drop(self.send());
        }
        taken
    }

    /// Says that nothing more will be sent.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn close(&mut self) -> Result<(), Error> {
        self.link.close();
        self.send()
    }

    /// The peer.
    pub const fn peer(&self) -> Option<&Peer> {
        self.link.peer()
    }

    /// The socket. Its time-outs are the deadlines of this stream.
    pub const fn get_ref(&self) -> &S {
        &self.socket
    }
}

impl<S: Read + Write> Read for Stream<S> {
    /// Returns 0 when the peer said that it sends no more; an end without that is an error.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let len = self.link.read(buf);
            if len > 0 || buf.is_empty() || self.link.phase() == Phase::PeerClosed {
                return Ok(len);
            }
            self.receive()?;
            // Answers to what was received, such as new keys.
            self.send()?;
        }
    }
}

impl<S: Read + Write> Write for Stream<S> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let len = self.link.write(buf);
        self.send()?;
        if len == 0 && !buf.is_empty() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(self.send()?)
    }
}

/// Calls again while a signal interrupts.
fn retry(mut read: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match read() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
