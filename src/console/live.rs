//! The live signal: pages learn that something changed, and then ask for a fresh copy.
//!
//! Owns: `GET /live`, a stream of server-sent events without content. Refuses: saying what changed:
//! the page is drawn in one place only, by its own handler, whoever asks.
//!
//! # Why it is bounded in every way
//! A stream occupies a connection for as long as it lasts. So there are at most [`super::changes::STREAMS_MAX`] of
//! them, each tells of changes once a second at most, ends after [`STREAM_LASTS`] (the browser
//! comes again, and is asked anew who it is), and all end when the server stops.

use std::time::Duration;

use actix_web::http::header::{self, HeaderValue};
use actix_web::web::to;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep, timeout};

use super::access::VIEWER;
use super::changes::CLOSED;
use super::page::Shown;
use super::state::SharedDesk;
use super::visitor::Visitor;
use crate::web::connections::{self, Busy};
use crate::web::endpoint::Endpoint;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[Endpoint::get("/live", VIEWER, || to(stream))];

/// How long a stream lasts before the browser has to ask again.
pub const STREAM_LASTS: Duration = Duration::from_secs(10 * 60);
/// The least time between two signals of a stream.
const PAUSE: Duration = Duration::from_secs(1);
/// How often a stream without signals shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(20);

struct Listening {
    changes: watch::Receiver<u64>,
    until: Instant,
    greeted: bool,
    // Given back when the stream ends.
    _room: OwnedSemaphorePermit,
    // A stream listens without asking anything, which is not the same as being gone.
    _busy: Option<Busy>,
}

/// `GET /live`.
///
/// # Errors
/// 503 while too many streams are open; the page then simply does not refresh itself.
pub async fn stream(shared: SharedDesk, _visitor: Visitor, request: HttpRequest) -> Shown {
    let (changes, room) = shared.live.listen()?;
    let missed = missed_some(&request, *changes.borrow());
    let listening = Listening {
        changes,
        until: Instant::now() + STREAM_LASTS,
        greeted: !missed,
        _room: room,
        _busy: connections::busy(&request),
    };
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(signals(listening)))
}

/// A browser that comes again says what it heard last; one that comes first, what its page knows.
fn missed_some(request: &HttpRequest, now: u64) -> bool {
    let last = request.headers().get("last-event-id");
    let last = last.and_then(|id| id.to_str().ok());
    let known = last.or_else(|| request.query_string().strip_prefix("since="));
    let known = known.and_then(|count| count.parse::<u64>().ok());
    known.is_some_and(|known| known != now)
}

fn signals(listening: Listening) -> impl Stream<Item = Result<Bytes, std::convert::Infallible>> {
    stream::unfold(listening, |mut listening| async move {
        let line = next(&mut listening).await?;
        Some((Ok(line), listening))
    })
}

async fn next(listening: &mut Listening) -> Option<Bytes> {
    if *listening.changes.borrow() == CLOSED || Instant::now() >= listening.until {
        return None;
    }
    if !std::mem::replace(&mut listening.greeted, true) {
        return Some(signal(*listening.changes.borrow_and_update()));
    }
    match timeout(HEARTBEAT, listening.changes.changed()).await {
        Err(_) => Some(Bytes::from_static(b": still here\n\n")),
        Ok(Err(_)) => None,
        Ok(Ok(())) => {
            let count = *listening.changes.borrow_and_update();
            if count == CLOSED {
                return None;
            }
            sleep(PAUSE).await;
            Some(signal(*listening.changes.borrow_and_update()))
        }
    }
}

fn signal(count: u64) -> Bytes {
    format!("event: change\nid: {count}\ndata: {count}\n\n").into()
}
