//! Answers to what never became a request.
//!
//! Owns: the form of the refusals that the framework's parser writes by itself (a broken first line,
//! a head that is too large or too slow, two `Host` lines), and that they arrive. Refuses: parsing;
//! what is refused is decided below, and by how lines end (`line_ends`).
//!
//! # Why the stream is dressed and not the answer
//! The parser answers before any handler or middleware exists, with an empty body, and offers no hook.
//! But nothing else writes such a head: every answer of a handler has a request id. So the stream
//! looks at the end of what is written. A bare refusal is always the end of a write, because the
//! framework reads nothing more after it; anything else passes untouched, for the price of comparing
//! four bytes.
//!
//! # Why the connection listens on for a moment
//! Who is refused in the middle of sending has sent more than was read. Closing such a connection
//! makes the kernel send a reset, which overtakes the answer and destroys it. So the stream ends its
//! own side, reads what still comes, and forgets it: at most [`LINGER_BYTES_MAX`], and at most for
//! [`LINGER_DEADLINE`].

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::answer::{REQUEST_ID, new_request_id, secure};
use super::line_ends::LineEnds;
use super::problem::{CONTENT_TYPE, Problem};
use crate::telemetry::metrics;

/// The most bytes that are read and forgotten after a refusal: 1 MiB.
pub const LINGER_BYTES_MAX: usize = 1024 * 1024;
/// How long a refused connection may go on sending.
pub const LINGER_DEADLINE: Duration = Duration::from_secs(2);
/// The most bytes of a refusal as the framework writes it; a longer head is none.
pub const BARE_BYTES_MAX: usize = 160;
/// Bytes that are read at once while lingering.
const PIECE_BYTES: usize = 4096;

/// A connection whose heads are watched and whose bare refusals are dressed.
pub(super) struct Dressed<Io> {
    io: Io,
    state: Dressing,
    ends: LineEnds,
}

enum Dressing {
    /// Everything passes.
    Passing,
    /// A refusal takes the place of `replaced` bytes that the framework wants to write.
    Refusing {
        replaced: usize,
        answer: Vec<u8>,
        sent: usize,
    },
    /// It is sent whole; the own side is being closed.
    Closing { replaced: usize },
    /// What still comes is read and forgotten.
    Lingering {
        replaced: usize,
        heard: usize,
        until: Pin<Box<Sleep>>,
    },
    /// Nothing more is to be said.
    Over,
}

impl<Io> Dressed<Io> {
    pub(super) fn new(io: Io) -> Self {
        Self {
            io,
            state: Dressing::Passing,
            ends: LineEnds::default(),
        }
    }

    /// The connection itself.
    pub(super) fn inner(&self) -> &Io {
        &self.io
    }
}

impl<Io: AsyncRead + AsyncWrite + Unpin> Dressed<Io> {
    /// Brings a refusal to its end, and answers how many of the framework's bytes that was.
    fn poll_refusal(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        loop {
            match &mut self.state {
                Dressing::Refusing {
                    replaced,
                    answer,
                    sent,
                } => {
                    if *sent < answer.len() {
                        let rest = &answer[*sent..];
                        match ready!(Pin::new(&mut self.io).poll_write(cx, rest))? {
                            0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                            count => *sent += count,
                        }
                        continue;
                    }
                    ready!(Pin::new(&mut self.io).poll_flush(cx))?;
                    self.state = Dressing::Closing {
                        replaced: *replaced,
                    };
                }
                Dressing::Closing { replaced } => {
                    ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
                    self.state = Dressing::Lingering {
                        replaced: *replaced,
                        heard: 0,
                        until: Box::pin(tokio::time::sleep_until(Instant::now() + LINGER_DEADLINE)),
                    };
                }
                Dressing::Lingering {
                    replaced,
                    heard,
                    until,
                } => {
                    let replaced = *replaced;
                    if until.as_mut().poll(cx).is_pending() && *heard < LINGER_BYTES_MAX {
                        let mut piece = [0; PIECE_BYTES];
                        let mut piece = ReadBuf::new(&mut piece);
                        let read = ready!(Pin::new(&mut self.io).poll_read(cx, &mut piece));
                        if read.is_ok() && !piece.filled().is_empty() {
                            *heard += piece.filled().len();
                            continue;
                        }
                    }
                    self.state = Dressing::Over;
                    return Poll::Ready(Ok(replaced));
                }
                Dressing::Passing | Dressing::Over => return Poll::Ready(Ok(0)),
            }
        }
    }
}

impl<Io: AsyncRead + AsyncWrite + Unpin> AsyncRead for Dressed<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.state {
            Dressing::Passing => {
                let before = into.filled().len();
                ready!(Pin::new(&mut self.io).poll_read(cx, into))?;
                self.ends.watch(&mut into.filled_mut()[before..]);
                Poll::Ready(Ok(()))
            }
            Dressing::Refusing { .. } | Dressing::Closing { .. } | Dressing::Lingering { .. } => {
                Poll::Pending
            }
            // The end of what comes.
            Dressing::Over => Poll::Ready(Ok(())),
        }
    }
}

impl<Io: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Dressed<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.state {
            Dressing::Passing => match bare(bytes) {
                None => return Pin::new(&mut self.io).poll_write(cx, bytes),
                Some(bare) => {
                    let mut answer = bytes[..bare.at].to_vec();
                    answer.extend(dressed(&bare));
                    self.state = Dressing::Refusing {
                        replaced: bytes.len(),
                        answer,
                        sent: 0,
                    };
                }
            },
            Dressing::Over => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            Dressing::Refusing { .. } | Dressing::Closing { .. } | Dressing::Lingering { .. } => {}
        }
        self.poll_refusal(cx)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if matches!(self.state, Dressing::Over) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if matches!(self.state, Dressing::Over) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// A refusal of the framework's own at the end of what it writes.
struct BareRefusal<'a> {
    /// Where it begins.
    at: usize,
    status: StatusCode,
    date: &'a str,
}

/// Finds one: a head with a status that the parser gives, no body, and nothing but what the framework
/// puts into every head.
fn bare(bytes: &[u8]) -> Option<BareRefusal<'_>> {
    if !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    let from = bytes.len().saturating_sub(BARE_BYTES_MAX);
    let start = b"HTTP/1.";
    let found = bytes[from..]
        .windows(start.len())
        .rposition(|window| window == start)?;
    let at = from + found;
    let head = std::str::from_utf8(&bytes[at..]).ok()?;
    let mut lines = head.trim_end().split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    if !matches!(status, 400 | 408 | 431 | 500) {
        return None;
    }
    let (mut date, mut is_empty) = ("", false);
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        match name.to_ascii_lowercase().as_str() {
            "date" => date = value,
            "content-length" => is_empty = value == "0",
            "connection" => {}
            _ => return None,
        }
    }
    let status = StatusCode::from_u16(status).ok()?;
    is_empty.then_some(BareRefusal { at, status, date })
}

/// The same refusal as hookpost tells it everywhere.
fn dressed(bare: &BareRefusal<'_>) -> Vec<u8> {
    let problem = Problem::unparsed(bare.status);
    let id = new_request_id();
    metrics::answered(bare.status.as_u16());
    tracing::debug!(
        status = bare.status.as_u16(),
        request = id.to_str().unwrap_or_default(),
        "answered what could not be read"
    );
    let body = serde_json::to_vec(&problem.body()).expect("a problem is plain JSON");
    let mut headers = HeaderMap::new();
    headers.insert(REQUEST_ID, id);
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    secure(&mut headers);
    let mut answer = format!(
        "HTTP/1.1 {}\r\ncontent-length: {}\r\ncontent-type: {CONTENT_TYPE}\r\nconnection: close\r\n\
         date: {}\r\n",
        bare.status,
        body.len(),
        bare.date
    )
    .into_bytes();
    for (name, value) in &headers {
        answer.extend_from_slice(name.as_str().as_bytes());
        answer.extend_from_slice(b": ");
        answer.extend_from_slice(value.as_bytes());
        answer.extend_from_slice(b"\r\n");
    }
    answer.extend_from_slice(b"\r\n");
    answer.extend_from_slice(&body);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Sun, 29 Nov 2026 13:00:00 GMT";

    #[track_caller]
    fn check(written: &str, expect: Option<(usize, u16)>) {
        let found = bare(written.as_bytes());
        let found = found.map(|bare| (bare.at, bare.status.as_u16()));
        assert_eq!(found, expect, "{written:?}");
    }

    #[test]
    fn only_a_bare_refusal_at_the_end_is_dressed() {
        let head = |first: &str, more: &str| {
            format!("HTTP/1.1 {first}\r\ncontent-length: 0\r\n{more}date: {DATE}\r\n\r\n")
        };
        let refusal = head("400 Bad Request", "connection: close\r\n");
        check(&refusal, Some((0, 400)));
        check(
            &head("431 Request Header Fields Too Large", ""),
            Some((0, 431)),
        );
        // After the answer to an earlier request on the same connection.
        let earlier = format!("{}{refusal}", head("204 No Content", "x-request-id: a\r\n"));
        check(&earlier, Some((earlier.len() - refusal.len(), 400)));
        check(&head("400 Bad Request", "x-request-id: a\r\n"), None);
        check(&head("204 No Content", ""), None);
        check(&refusal.replace("length: 0", "length: 7"), None);
        check(&format!("{refusal}{{}}"), None);
        check("\r\n\r\n", None);
        check("", None);
    }

    #[test]
    fn its_form_is_that_of_every_refusal() {
        let bare = BareRefusal {
            at: 0,
            status: StatusCode::BAD_REQUEST,
            date: DATE,
        };
        let answer = String::from_utf8(dressed(&bare)).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("x-request-id: req_"), "{head}");
        assert!(head.contains("x-content-type-options: nosniff"), "{head}");
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["code"], "malformed");
    }
}
