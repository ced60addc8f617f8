//! Traces: what became of an event, from publishing to each attempt, for a collector.
//!
//! Owns: what a span says, which trace it belongs to, the queue of spans that wait to be sent.
//! Refuses: sending them (`app`), and the form on the wire (`otlp`).
//!
//! # Which trace an event belongs to
//! The publisher's, where its call names one (`traceparent`); where that says that nobody records it,
//! nothing is recorded here either. Else a trace of the event's own. Ids of spans follow from the
//! event and the delivery, so that an attempt after a restart, or days later, stands where it belongs
//! and nothing about it has to be stored.
//!
//! # Why spans are lost rather than waited for
//! A collector that is slow or gone must never hold up a delivery. The queue has a bound; what does not
//! fit is counted, and the log says how much that was.

pub mod otlp;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::domain::event_context::TraceContext;
use crate::domain::time::Timestamp;

/// The most spans that wait to be sent.
pub const WAITING_SPANS_MAX: usize = 4096;

static QUEUE: OnceLock<mpsc::Sender<TraceSpan>> = OnceLock::new();
static LOST: AtomicU64 = AtomicU64::new(0);

/// What happened, from when to when.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceSpan {
    /// Where it belongs.
    pub place: SpanPlace,
    /// What happened, in a few words without anybody's data.
    pub name: &'static str,
    /// Who acted.
    pub kind: SpanKind,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// What is known of it.
    pub attributes: Vec<(&'static str, SpanValue)>,
    /// Why it failed, in a word.
    pub error: Option<&'static str>,
}

/// Where a span belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanPlace {
    /// The trace.
    pub trace: [u8; 16],
    /// The span.
    pub id: [u8; 8],
    /// The span above it.
    pub parent: Option<[u8; 8]>,
}

/// Who acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// hookpost was called.
    Server,
    /// hookpost called.
    Client,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpanValue {
    /// Text.
    Text(String),
    /// A whole number.
    Whole(i64),
}

/// Opens the queue: what is recorded from now on can be received. Only the first call in a process has
/// an effect.
#[must_use]
pub fn open() -> Option<mpsc::Receiver<TraceSpan>> {
    let (sender, receiver) = mpsc::channel(WAITING_SPANS_MAX);
    QUEUE.set(sender).ok().map(|()| receiver)
}

/// Whether spans are recorded at all; who records none need not make any.
#[must_use]
pub fn are_on() -> bool {
    QUEUE.get().is_some()
}

/// Records a span.
pub fn record(span: TraceSpan) {
    if let Some(queue) = QUEUE.get()
        && queue.try_send(span).is_err()
    {
        lose(1);
    }
}

/// Counts spans that nobody will see.
pub fn lose(spans: u64) {
    LOST.fetch_add(spans, Ordering::Relaxed);
}

/// How many were lost since this was asked last.
#[must_use]
pub fn lost() -> u64 {
    LOST.swap(0, Ordering::Relaxed)
}

impl SpanPlace {
    /// Where the publishing of an event belongs; `None` where its publisher's trace is not recorded.
    #[must_use]
    pub fn of_event(workspace: &str, event: &str, trace: Option<&TraceContext>) -> Option<Self> {
        let own = |what: &str| {
            let digest = Sha256::new()
                .chain_update(what)
                .chain_update([0])
                .chain_update(workspace)
                .chain_update([0])
                .chain_update(event);
            <[u8; 32]>::from(digest.finalize())
        };
        let id = first(&own("publish"));
        match trace.map(|trace| read(&trace.parent)) {
            None => Some(Self {
                trace: first(&own("trace")),
                id,
                parent: None,
            }),
            Some(Some(caller)) => Some(Self {
                trace: caller.trace,
                id,
                parent: Some(caller.span),
            }),
            Some(None) => None,
        }
    }

    /// Where an attempt at delivering that event belongs.
    #[must_use]
    pub fn attempt(self, delivery: &str, number: u32) -> Self {
        let digest = Sha256::new()
            .chain_update("attempt")
            .chain_update(number.to_le_bytes())
            .chain_update(delivery);
        Self {
            trace: self.trace,
            id: first(&digest.finalize()),
            parent: Some(self.id),
        }
    }
}

struct CallerTrace {
    trace: [u8; 16],
    span: [u8; 8],
}

/// Reads a `traceparent`; `None` where its flags say that it is not recorded.
fn read(parent: &str) -> Option<CallerTrace> {
    let mut parts = parent.split('-').skip(1);
    let trace = from_hex(parts.next()?)?;
    let span = from_hex(parts.next()?)?;
    let flags: [u8; 1] = from_hex(parts.next()?)?;
    (flags[0] & 1 == 1).then_some(CallerTrace { trace, span })
}

fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

/// The first bytes of a digest; all zeros would mean that there is no id, and never come.
fn first<const N: usize>(digest: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&digest[..N]);
    if bytes == [0; N] {
        bytes[N - 1] = 1;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-";

    fn place(event: &str, parent: Option<&str>) -> Option<SpanPlace> {
        let trace = parent.map(|parent| TraceContext::parse(parent, None).unwrap());
        SpanPlace::of_event("ws_1", event, trace.as_ref())
    }

    #[test]
    fn an_event_belongs_to_its_publishers_trace_or_to_one_of_its_own() {
        let own = place("evt_1", None).unwrap();
        assert_eq!(Some(own), place("evt_1", None), "the same after a restart");
        assert_ne!(own.trace, place("evt_2", None).unwrap().trace);
        assert_eq!(own.parent, None);
        let called = place("evt_1", Some(&format!("{CALLER}01"))).unwrap();
        assert_eq!(called.trace[..2], [0x0a, 0xf7]);
        assert_eq!(called.parent.unwrap()[..2], [0xb7, 0xad]);
        assert_eq!(called.id, own.id);
        assert_eq!(place("evt_1", Some(&format!("{CALLER}00"))), None);
    }

    #[test]
    fn attempts_hang_below_the_publishing_each_with_an_id_of_its_own() {
        let published = place("evt_1", None).unwrap();
        let (first, second) = (published.attempt("dlv_1", 1), published.attempt("dlv_1", 2));
        assert_eq!(first.parent, Some(published.id));
        assert_eq!(first.trace, published.trace);
        assert_ne!(first.id, second.id);
        assert_ne!(first.id, published.attempt("dlv_2", 1).id);
    }
}
