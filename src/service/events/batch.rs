//! Accepting many events, a part of them in each transaction.
//!
//! Owns: how much one transaction takes on, and what is known of a batch between two of them. Refuses:
//! the rules of a single event (`accept`).
//!
//! # Why in parts
//! A thousand events for two hundred webhooks are two hundred thousand rows, and while they are
//! written nobody else's event is. Each event stands alone, so a batch needs no transaction of its
//! own: others' writes come in between its parts. The answer goes out after the last one.
//!
//! # Why a repetition accepts nothing twice
//! Under an `Idempotency-Key` each part records what it accepted, in its own transaction. A batch that
//! was cut off has no answer yet; the same request under the same key takes over what is recorded
//! and goes on behind it. The last part replaces that record by the answer.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::accept::{CheckedEvent, accept};
use super::{Known, Published};
use crate::domain::event_type::VersionName;
use crate::domain::id::ConsumerId;
use crate::domain::time::Timestamp;
use crate::service::{Caller, Done, Idempotency, Refusal, Service, StoredAnswer};
use crate::store::{StoreError, WriteTx, idempotency};

/// Rows of events and deliveries after which a transaction takes no more events on.
pub const PART_ROWS_MAX: usize = 250;
/// Bytes of data after which a transaction takes no more events on: 1 MiB.
pub const PART_BYTES_MAX: usize = 1024 * 1024;
/// Stands behind a caller's key; no caller's key can hold it.
const PARTS_MARK: &str = "\u{1f}parts";

/// One result for each event, in order.
pub(super) type Results = Vec<Result<Published, Refusal>>;

/// A batch under way.
struct BatchEntry {
    left: VecDeque<Result<CheckedEvent, Refusal>>,
    results: Results,
    key: Idempotency<Results>,
}

/// What came of a part.
enum Parted {
    /// There are more.
    More(BatchEntry),
    /// It was the last.
    Whole(Results),
    /// The request had been answered before.
    Before(StoredAnswer),
}

/// An accepted event as the record of a batch under way holds it.
#[derive(Serialize, Deserialize)]
struct Noted {
    place: usize,
    id: String,
    event_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<VersionName>,
    occurred_at_ms: i64,
    created_at_ms: i64,
    #[serde(default)]
    deliver_at_ms: Option<i64>,
    #[serde(default)]
    consumer: Option<String>,
    deliveries: u32,
    is_new: bool,
}

impl Service {
    pub(super) async fn accept_batch(
        &self,
        caller: &Caller,
        checked: Vec<Result<CheckedEvent, Refusal>>,
        key: Idempotency<Results>,
    ) -> Result<Done<Results>, Refusal> {
        let events = checked.len();
        let mut batch = BatchEntry {
            left: checked.into(),
            results: Vec::with_capacity(events),
            key,
        };
        loop {
            // What is accepted stays accepted, whatever becomes of the next part.
            let accepted = batch.key.key.is_none().then(|| batch.results.clone());
            let caller = caller.clone();
            let workspace_seq = caller.workspace.seq();
            let part = move |tx: &mut WriteTx<'_>| part(tx, &caller, batch);
            let part = self.store().write_in_turn(workspace_seq, part).await;
            match (part, accepted) {
                (Ok(Parted::More(more)), _) => batch = more,
                (Ok(Parted::Whole(results)), _) => return Ok(Done::Fresh(results)),
                (Ok(Parted::Before(answer)), _) => return Ok(Done::Replayed(answer)),
                (Err(refusal), Some(mut results)) if !results.is_empty() => {
                    results.resize(events, Err(refusal));
                    return Ok(Done::Fresh(results));
                }
                // Under a key the whole request can be repeated.
                (Err(refusal), _) => return Err(refusal),
            }
        }
    }
}

/// Accepts events until the transaction has enough.
fn part(tx: &mut WriteTx<'_>, caller: &Caller, mut batch: BatchEntry) -> Result<Parted, Refusal> {
    let workspace_seq = caller.workspace.seq();
    let mut noted = match answered(tx, workspace_seq, &batch.key)? {
        BatchRecord::Answer(answer) => return Ok(Parted::Before(answer)),
        BatchRecord::Noted(noted) => noted,
    };
    let (mut rows, mut bytes) = (0, 0);
    while rows < PART_ROWS_MAX
        && bytes < PART_BYTES_MAX
        && let Some(next) = batch.left.pop_front()
    {
        let place = batch.results.len();
        if let Some(own) = noted.iter().find(|own| own.place == place) {
            batch.results.push(Ok(own.published()));
            continue;
        }
        let result = match next {
            Ok(checked) => {
                bytes += checked.new.data.len();
                // A refusal undoes this event alone.
                tx.nested(|tx| accept(tx, caller, &checked))?
            }
            Err(refusal) => Err(refusal),
        };
        if let Ok(published) = &result {
            rows += 1 + usize::try_from(published.deliveries).unwrap_or(usize::MAX);
            noted.push(Noted::of(place, published));
        }
        batch.results.push(result);
    }
    record(tx, workspace_seq, &batch, &noted)?;
    Ok(match batch.left.is_empty() {
        false => Parted::More(batch),
        true => Parted::Whole(batch.results),
    })
}

/// What is known of a request under its key.
enum BatchRecord {
    Answer(StoredAnswer),
    Noted(Vec<Noted>),
}

fn answered(
    tx: &WriteTx<'_>,
    workspace_seq: i64,
    key: &Idempotency<Results>,
) -> Result<BatchRecord, Refusal> {
    let Some((key, digest)) = &key.key else {
        return Ok(BatchRecord::Noted(Vec::new()));
    };
    let of = |key: &str| idempotency::find(tx, workspace_seq, key);
    let (answer, parts) = (of(key)?, of(&format!("{key}{PARTS_MARK}"))?);
    let mut records = answer.iter().chain(&parts);
    if records.any(|record| record.request_digest != *digest) {
        return Err(Refusal::Conflict(
            "this Idempotency-Key was used with another request; use a new key".to_owned(),
        ));
    }
    if let Some(record) = answer {
        return Ok(BatchRecord::Answer(StoredAnswer {
            status: record.status,
            body: record.body,
        }));
    }
    let read = |body: &[u8]| {
        serde_json::from_slice(body)
            .map_err(|error| StoreError::Damaged(format!("the record of a batch: {error}")))
    };
    let noted = parts.map(|record| read(&record.body)).transpose()?;
    Ok(BatchRecord::Noted(noted.unwrap_or_default()))
}

/// Records the answer, or what was accepted so far.
fn record(
    tx: &mut WriteTx<'_>,
    workspace_seq: i64,
    batch: &BatchEntry,
    noted: &[Noted],
) -> Result<(), StoreError> {
    let Some((key, digest)) = &batch.key.key else {
        return Ok(());
    };
    let parts = format!("{key}{PARTS_MARK}");
    if batch.left.is_empty() {
        let StoredAnswer { status, body } = (batch.key.shape)(&batch.results);
        idempotency::delete(tx, workspace_seq, &parts)?;
        return idempotency::insert(tx, workspace_seq, key, digest, status, &body);
    }
    let body = serde_json::to_vec(noted).expect("numbers and words always serialise");
    idempotency::insert(tx, workspace_seq, &parts, digest, 0, &body)
}

impl Noted {
    fn of(place: usize, published: &Published) -> Self {
        Self {
            place,
            id: published.id.clone(),
            event_type: published.event_type.to_string(),
            version: published.version.clone(),
            occurred_at_ms: published.occurred_at.millis(),
            created_at_ms: published.created_at.millis(),
            deliver_at_ms: published.deliver_at.map(Timestamp::millis),
            consumer: published.consumer.map(|id| id.to_string()),
            deliveries: published.deliveries,
            is_new: published.known == Known::New,
        }
    }

    fn published(&self) -> Published {
        Published {
            id: self.id.clone(),
            event_type: self.event_type.as_str().into(),
            version: self.version.clone(),
            occurred_at: Timestamp::from_millis(self.occurred_at_ms),
            created_at: Timestamp::from_millis(self.created_at_ms),
            deliver_at: self.deliver_at_ms.map(Timestamp::from_millis),
            consumer: self.consumer.as_deref().and_then(ConsumerId::parse),
            deliveries: self.deliveries,
            known: if self.is_new {
                Known::New
            } else {
                Known::Before
            },
        }
    }
}
