//! Use with tokio, by `tokio-rustls`.

use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

use crate::error::Error;
use crate::hello::{HelloReader, Offer};
use crate::peer::Peer;
use crate::refusal;
use crate::replay::Replay;
use crate::station::Station;
use crate::stream::Accepted;
use crate::vehicle::Vehicle;

/// A TLS 1.3 connection over an asynchronous byte stream.
#[derive(Debug)]
pub struct AsyncStream<S> {
    inner: TlsStream<S>,
    peer: Peer,
}

impl Station {
    /// Reads the ClientHello and, if the client offers TLS 1.3, completes the handshake. As
    /// [`accept`](Self::accept), without blocking but for the time that the key store takes to sign.
    ///
    /// # Errors
    /// There is no link; the vehicle was told by an alert.
    pub async fn accept_async<S>(&self, mut socket: S) -> Result<Accepted<AsyncStream<Replay<S>>, S>, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut reader = HelloReader::new();
        let mut chunk = [0; 4096];
        let hello = loop {
            let len = socket.read(&mut chunk).await?;
            let read = chunk.get(..len).unwrap_or_default();
            if read.is_empty() {
                return Err(Error::Truncated);
            }
            match reader.handle_input(read) {
                Ok(Some(hello)) => break hello,
                Ok(None) => {}
                Err(e) => {
                    if let Some(record) = e.alert() {
                        drop(socket.write_all(&record).await);
                    }
                    return Err(e.into());
                }
            }
        };
        let socket = Replay::new(reader.into_bytes(), socket);
        if hello.offer == Offer::Older {
            return Ok(Accepted::Older(socket));
        }
        let stream = handshake(TlsAcceptor::from(self.tls(Some(&hello))).accept(socket)).await?;
        let peer = self.guard().admit(stream.get_ref().1)?;
        Ok(Accepted::Secured(AsyncStream { inner: stream.into(), peer }))
    }
}

impl Vehicle {
    /// Completes the handshake with a station at the other end of `socket`.
    ///
    /// # Errors
    /// There is no link; the station was told by an alert.
    pub async fn connect_async<S>(&self, station: IpAddr, socket: S) -> Result<AsyncStream<S>, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::IpAddress(station.into());
        let stream = handshake(TlsConnector::from(self.tls()).connect(name, socket)).await?;
        let peer = self.guard().admit(stream.get_ref().1)?;
        Ok(AsyncStream { inner: stream.into(), peer })
    }
}

/// Runs a handshake. The reason of a refusal is fetched in the poll that raised it: the next one may be on another
/// thread.
async fn handshake<T>(handshake: impl Future<Output = io::Result<T>>) -> Result<T, Error> {
    let mut handshake = pin!(handshake);
    let mut refusal = None;
    let result = poll_fn(|cx| {
        refusal::take();
        let polled = handshake.as_mut().poll(cx);
        refusal = refusal::take().or(refusal.take());
        polled
    })
    .await;
    result.map_err(|e| match e.downcast::<rustls::Error>() {
        Ok(e) => Error::with(e, refusal),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Error::Truncated,
        Err(e) => Error::Io(e),
    })
}

impl<S> AsyncStream<S> {
    /// The peer.
    pub const fn peer(&self) -> &Peer {
        &self.peer
    }

    /// The socket.
    pub fn get_ref(&self) -> &S {
        self.inner.get_ref().0
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for AsyncStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for AsyncStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
