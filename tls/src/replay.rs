//! A connection of which the first bytes were read already.

use std::io::{self, Read, Write};

/// Yields the bytes that were read already, then those of the connection.
#[derive(Debug)]
pub struct Replay<S> {
    first: Vec<u8>,
    passed: usize,
    connection: S,
}

impl<S> Replay<S> {
    pub(crate) const fn new(first: Vec<u8>, connection: S) -> Self {
        Self { first, passed: 0, connection }
    }

    /// The bytes that were read and not handed on yet.
    pub fn unread(&self) -> &[u8] {
        self.first.get(self.passed..).unwrap_or_default()
    }

    /// The bytes that were read and not handed on yet, and the connection, for a stack that takes both.
    pub fn into_parts(self) -> (Vec<u8>, S) {
        (self.unread().to_vec(), self.connection)
    }

    /// The connection.
    pub const fn get_ref(&self) -> &S {
        &self.connection
    }

    /// The connection. Reading from it passes by what was read already.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.connection
    }

    /// Copies what was read already, as much as fits.
    fn take(&mut self, out: &mut [u8]) -> usize {
        let unread = self.unread();
        let len = unread.len().min(out.len());
        out.iter_mut().zip(unread).for_each(|(to, from)| *to = *from);
        self.passed += len;
        len
    }
}

impl<S: Read> Read for Replay<S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.unread().is_empty() { self.connection.read(buf) } else { Ok(self.take(buf)) }
    }
}

impl<S: Write> Write for Replay<S> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.connection.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.connection.flush()
    }
}

#[cfg(feature = "tokio")]
mod asynchronous {
    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    use super::Replay;

    impl<S: AsyncRead + Unpin> AsyncRead for Replay<S> {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            if self.unread().is_empty() {
                return Pin::new(&mut self.connection).poll_read(cx, buf);
            }
            let len = self.take(buf.initialize_unfilled());
            buf.advance(len);
            Poll::Ready(Ok(()))
        }
    }

    impl<S: AsyncWrite + Unpin> AsyncWrite for Replay<S> {
        fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            Pin::new(&mut self.connection).poll_write(cx, buf)
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.connection).poll_flush(cx)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.connection).poll_shutdown(cx)
        }
    }
}
