//! One request and its answer on one connection.
//!
//! Owns: HTTP on a wire, and the judgement whether the wire may be used again. Refuses: choosing the
//! connection, and sending anything twice.
//!
//! # One writing, one reading, in one task
//! The protocol's machinery lives as long as the exchange. It is driven by whoever waits for the
//! answer, so nothing wakes another thread, and afterwards it gives the wire back together with what
//! it had read too much: then the wire is not used again.
//!
//! # What is read although it is not quite HTTP
//! Where curl reads an answer so does hookpost, as far as there is one reading of it: a space before
//! a header's colon and a header continued on the next line here, and in a second reading of heads
//! that the HTTP library refuses (`second_reading`) names and values with bytes that don't belong
//! there and any number of headers. A line without a colon, two lengths, another protocol and a head
//! of hundreds of kilobytes are refused.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper::header::{CONNECTION, CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, timeout_at};

use crate::net::reply::{HttpReply, kept_headers};
use crate::net::second_reading::{ReadingBounds, read_again};
use crate::net::wire::Wire;

/// Bytes of an answer's head that are read.
const HEAD_BYTES_MAX: usize = 256 * 1024;
/// Rounds that a finished exchange may need until its connection rests.
const ROUNDS_MAX: u32 = 4;

/// An exchange that brought an answer.
pub(super) struct HttpAnswer {
    pub(super) reply: HttpReply,
    /// The wire, where it may be used again.
    pub(super) wire: Option<Wire>,
    /// How long the receiver says it keeps the connection.
    pub(super) announced: Option<Duration>,
}

/// An exchange that brought none.
pub(super) enum Unanswered {
    /// It broke.
    Broken {
        error: hyper::Error,
        /// Whether a byte of an answer came before.
        answered: bool,
    },
    /// Its time passed.
    TimedOut,
}

/// Sends `request` and reads what comes back, until `deadline`.
pub(super) async fn exchange(
    mut wire: Wire,
    request: Request<Full<Bytes>>,
    deadline: Instant,
    body_bytes_max: usize,
) -> Result<HttpAnswer, Unanswered> {
    wire.begin();
    let shaken = builder().handshake(TokioIo::new(wire)).await;
    let (mut requests, connection) = shaken.map_err(|error| Unanswered::Broken {
        error,
        answered: false,
    })?;
    let mut line = Driven {
        connection: Some(connection),
        ended: None,
    };
    let head = timeout_at(deadline, line.drive(requests.send_request(request))).await;
    let response = match head {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => {
            return Box::pin(line.broken(error, deadline, body_bytes_max)).await;
        }
        Err(_) => return Err(Unanswered::TimedOut),
    };
    let announced = keep_alive(response.headers());
    let sound = is_sound(&response);
    let (reply, end) = line.read(response, deadline, body_bytes_max).await;
    let wire = match (end, sound) {
        (BodyEnd::Whole, true) => line.rest(&mut requests).await,
        (BodyEnd::Whole, false) | (BodyEnd::Cut, _) => None,
    };
    Ok(HttpAnswer {
        reply,
        wire,
        announced,
    })
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .max_buf_size(HEAD_BYTES_MAX);
    builder
}

/// The machinery while it runs, and what it leaves.
struct Driven {
    connection: Option<Connection<TokioIo<Wire>, Full<Bytes>>>,
    ended: Option<Leftover>,
}

/// What is left of a connection's machinery.
struct Leftover {
    wire: Wire,
    /// What came and was not taken in.
    unread: Bytes,
}

impl Driven {
    /// Does `work`, which waits for the connection, and moves the connection meanwhile.
    async fn drive<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|cx| {
            loop {
                if let Poll::Ready(done) = work.as_mut().poll(cx) {
                    return Poll::Ready(done);
                }
                let Some(connection) = &mut self.connection else {
                    return Poll::Pending;
                };
                if connection.poll_without_shutdown(cx).is_pending() {
                    // What it brought is taken at once, not after another wake-up.
                    return work.as_mut().poll(cx);
                }
                // Dropping the machinery tells `work` of the end, where it was not told yet.
                self.end();
            }
        })
        .await
    }

    fn end(&mut self) {
        if let Some(connection) = self.connection.take() {
            let parts = connection.into_parts();
            self.ended = Some(Leftover {
                wire: parts.io.into_inner(),
                unread: parts.read_buf,
            });
        }
    }

    /// What came instead of an answer that the library can read.
    async fn broken(
        mut self,
        error: hyper::Error,
        deadline: Instant,
        body_bytes_max: usize,
    ) -> Result<HttpAnswer, Unanswered> {
        self.end();
        let Some(Leftover { mut wire, unread }) = self.ended else {
            let answered = false;
            return Err(Unanswered::Broken { error, answered });
        };
        let bounds = ReadingBounds {
            head_bytes_max: HEAD_BYTES_MAX,
            body_bytes_max,
        };
        // Once it has taken something in, what is left is not the answer's beginning.
        let is_whole = wire.received() == unread.len();
        if error.is_parse() && is_whole && !unread.is_empty() {
            let again = read_again(&mut wire, unread.into(), deadline, bounds).await;
            if let Some(reply) = again {
                return Ok(HttpAnswer {
                    reply,
                    wire: None,
                    announced: None,
                });
            }
        }
        let answered = wire.received() > 0;
        Err(Unanswered::Broken { error, answered })
    }

    async fn read(
        &mut self,
        response: Response<Incoming>,
        deadline: Instant,
        bytes_max: usize,
    ) -> (HttpReply, BodyEnd) {
        let status = response.status().as_u16();
        let headers = response.headers().iter();
        let headers = kept_headers(headers.map(|(n, v)| (n.as_str(), v.as_bytes())));
        let mut body = Vec::new();
        let reading = read_body(response.into_body(), &mut body, bytes_max);
        let end = timeout_at(deadline, self.drive(reading)).await;
        let end = end.unwrap_or(BodyEnd::Cut);
        let reply = HttpReply {
            status,
            headers,
            body,
            body_truncated: end == BodyEnd::Cut,
        };
        (reply, end)
    }

    /// The wire, once the machinery says that it may take another request.
    async fn rest(&mut self, requests: &mut SendRequest<Full<Bytes>>) -> Option<Wire> {
        let mut rounds = 0;
        let rests = poll_fn(|cx| {
            loop {
                let Some(connection) = &mut self.connection else {
                    return Poll::Ready(false);
                };
                if connection.poll_without_shutdown(cx).is_ready() {
                    return Poll::Ready(false);
                }
                rounds += 1;
                match requests.poll_ready(cx) {
                    Poll::Ready(ready) => return Poll::Ready(ready.is_ok()),
                    Poll::Pending if rounds == ROUNDS_MAX => return Poll::Ready(false),
                    Poll::Pending => {}
                }
            }
        })
        .await;
        self.end();
        let left = self.ended.take()?;
        Some(left.wire).filter(|_| rests && left.unread.is_empty())
    }
}

/// How reading a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyEnd {
    /// With its last byte.
    Whole,
    /// At the cap, or because the connection broke.
    Cut,
}

async fn read_body(mut incoming: Incoming, body: &mut Vec<u8>, bytes_max: usize) -> BodyEnd {
    while let Some(frame) = incoming.frame().await {
        let Ok(frame) = frame else {
            return BodyEnd::Cut;
        };
        let Ok(piece) = frame.into_data() else {
            continue;
        };
        if body.len() + piece.len() > bytes_max {
            body.extend_from_slice(&piece[..bytes_max - body.len()]);
            return BodyEnd::Cut;
        }
        body.extend_from_slice(&piece);
    }
    BodyEnd::Whole
}

/// Whether an answer leaves no doubt about where it ends. One without a body that announces one may
/// well send it; and two ways to tell an end are one too many.
fn is_sound(response: &Response<Incoming>) -> bool {
    let headers = response.headers();
    let length = headers.get(CONTENT_LENGTH);
    let chunked = headers.contains_key(TRANSFER_ENCODING);
    let bodiless = matches!(
        response.status(),
        StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED | StatusCode::RESET_CONTENT
    );
    let announces_body = chunked || length.is_some_and(|length| length != "0");
    !(bodiless && announces_body || chunked && length.is_some())
}

/// How long the receiver says it keeps the connection: `Keep-Alive: timeout=5, max=100`, where a
/// `max` of nothing is a time of nothing.
fn keep_alive(headers: &HeaderMap) -> Option<Duration> {
    let mut announced = None;
    for value in headers.get_all("keep-alive") {
        for part in value.to_str().unwrap_or_default().split([',', ';']) {
            let (name, number) = part.split_once('=').unwrap_or((part, ""));
            let number = number.trim().trim_matches('"').parse::<u32>().ok();
            let time = match (name.trim().to_ascii_lowercase().as_str(), number) {
                ("timeout", Some(seconds)) => Duration::from_secs(seconds.into()),
                ("max", Some(0)) => Duration::ZERO,
                _ => continue,
            };
            announced = Some(announced.map_or(time, |earlier: Duration| earlier.min(time)));
        }
    }
    let closes = headers.get_all(CONNECTION).iter().any(|value| {
        let value = value.to_str().unwrap_or_default();
        value
            .split(',')
            .any(|word| word.trim().eq_ignore_ascii_case("close"))
    });
    if closes {
        Some(Duration::ZERO)
    } else {
        announced
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announced_time_is_read_in_whatever_form_it_comes() {
        let check = |value: &str, seconds: Option<u64>| {
            let mut headers = HeaderMap::new();
            headers.insert("keep-alive", value.parse().unwrap());
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(keep_alive(&headers), expected, "{value:?}");
        };
        check("timeout=5", Some(5));
        check("timeout=5, max=100", Some(5));
        check("max=100, Timeout = 2", Some(2));
        check("timeout=\"2\"", Some(2));
        check("timeout=5, max=0", Some(0));
        check("timeout=0", Some(0));
        check("timeout=99999999999", None);
        check("timeout", None);
        check("nonsense", None);
        assert_eq!(keep_alive(&HeaderMap::new()), None);
    }
}
