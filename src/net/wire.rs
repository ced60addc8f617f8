//! The bytes of one connection, plain or through TLS.
//!
//! Owns: reading and writing, and what can be known of a connection that rests. Refuses: HTTP.
//!
//! # Why the kernel is asked
//! A connection rests in nobody's hands: no task reads it. Whether its receiver has closed it, or
//! has sent what nobody asked for, is asked of the kernel in the moment in which it is wanted. That
//! costs a system call and is never out of date, and a resting connection costs no memory but its
//! own.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// A connection.
pub(super) struct Wire {
    stream: Stream,
    /// Bytes that have come since the last request began.
    received: usize,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// TLS with the receiver inside TLS with a proxy.
    Nested(Box<TlsStream<ProxyTls>>),
}

/// A connection to a proxy through TLS.
type ProxyTls = Box<TlsStream<TcpStream>>;

/// Runs `$body` with whichever stream it is.
macro_rules! on_stream {
    ($wire:expr, $stream:ident => $body:expr) => {
        match &mut $wire.get_mut().stream {
            Stream::Plain($stream) => {
                let $stream = Pin::new($stream);
                $body
            }
            Stream::Tls($stream) => {
                let $stream = Pin::new(&mut **$stream);
                $body
            }
            Stream::Nested($stream) => {
                let $stream = Pin::new(&mut **$stream);
                $body
            }
        }
    };
}

impl Wire {
    pub(super) fn plain(stream: TcpStream) -> Self {
        Self {
            stream: Stream::Plain(stream),
            received: 0,
        }
    }

    pub(super) fn tls(stream: TlsStream<TcpStream>) -> Self {
        Self {
            stream: Stream::Tls(Box::new(stream)),
            received: 0,
        }
    }

    pub(super) fn nested(stream: TlsStream<ProxyTls>) -> Self {
        Self {
            stream: Stream::Nested(Box::new(stream)),
            received: 0,
        }
    }

    /// A request begins.
    pub(super) fn begin(&mut self) {
        self.received = 0;
    }

    /// Bytes that have come since then.
    pub(super) fn received(&self) -> usize {
        self.received
    }

    /// Whether it rests as it should: open, and nothing to read. Through TLS a byte may also be the
    /// protocol's own; connections are cheaper than finding out.
    pub(super) fn is_quiet(&self) -> bool {
        let stream = match &self.stream {
            Stream::Plain(stream) => stream,
            Stream::Tls(stream) => stream.get_ref().0,
            Stream::Nested(stream) => stream.get_ref().0.get_ref().0,
        };
        let mut byte = [0_u8; 1];
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        matches!(recv(stream, &mut byte, flags), Err(Errno::AGAIN))
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = on_stream!(self.as_mut(), stream => stream.poll_read(cx, buf));
        self.get_mut().received += buf.filled().len() - before;
        read
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        on_stream!(self, stream => stream.poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_stream!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_stream!(self, stream => stream.poll_shutdown(cx))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        on_stream!(self, stream => stream.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
            Stream::Nested(stream) => stream.is_write_vectored(),
        }
    }
}
