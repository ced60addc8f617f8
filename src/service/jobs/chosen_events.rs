//! Which events bulk work is done to.
//!
//! Owns: reading what a caller says, what a job's row holds of it, and finding the next of them. Refuses:
//! doing anything to them.

use serde::{Deserialize, Serialize};

use crate::domain::consumer::Purview;
use crate::domain::event::{EventFilter, EventKind};
use crate::domain::event_type::Pattern;
use crate::domain::time::Timestamp;
use crate::service::consumers::asked_for;
use crate::service::{FieldError, Refusal};
use crate::store::events::{self, EventScan, SCANNED_EVENTS_MAX};
use crate::store::{Read, StoreError};

/// Events that one call may name by id.
const EVENT_IDS_MAX: usize = 10_000;

/// Which events, as a job's row holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ChosenEvents {
    /// These rows, in ascending order.
    Rows(Vec<i64>),
    /// All that match.
    Filter(EventCriteria),
}

/// A filter as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct EventCriteria {
    consumer_seq: Option<i64>,
    pattern: Option<Pattern>,
    channel: Option<String>,
    tag: Option<String>,
    since_ms: Option<i64>,
    until_ms: Option<i64>,
    /// One past the last row that may match.
    end: i64,
}

/// Which events are to be erased, as a caller says it; absent parts filter nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilterInput {
    /// Only for this consumer, by id or `uid`.
    pub consumer: Option<String>,
    /// Only of types that fit this pattern.
    pub event_type: Option<String>,
    /// Only what was said in this channel.
    pub channel: Option<String>,
    /// Only what has this tag.
    pub tag: Option<String>,
    /// Only accepted at or after this instant.
    pub since: Option<String>,
    /// Only accepted before this instant.
    pub until: Option<String>,
}

pub(super) fn rows_of(
    conn: &Read<'_>,
    purview: Purview,
    ids: &[String],
) -> Result<Vec<i64>, Refusal> {
    if ids.len() > EVENT_IDS_MAX {
        let message = format!("must hold at most {EVENT_IDS_MAX} ids; choose by a filter instead");
        return Err(Refusal::field("ids", message));
    }
    let mut rows = Vec::with_capacity(ids.len());
    for id in ids {
        let found = events::find_public(conn, purview, id)?;
        let found = found.filter(|stored| {
            stored.event.kind == EventKind::Published && stored.erased_at.is_none()
        });
        rows.extend(found.map(|stored| stored.event.id.seq()));
    }
    rows.sort_unstable();
    rows.dedup();
    Ok(rows)
}

pub(super) fn criteria(
    conn: &Read<'_>,
    purview: Purview,
    input: &EventFilterInput,
) -> Result<EventCriteria, Refusal> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, message: String| {
        faults.push(FieldError {
            field: format!("filter.{field}"),
            message,
        });
    };
    let mut instant = |field: &str, text: &Option<String>| {
        let read = text.as_deref().map(Timestamp::parse).transpose();
        read.map_err(|message| fault(field, message)).ok().flatten()
    };
    let since = instant("since", &input.since);
    let until = instant("until", &input.until);
    if let Some((since, until)) = since.zip(until)
        && since >= until
    {
        fault("until", "must be later than since".to_owned());
    }
    let pattern = input.event_type.as_deref().map(Pattern::parse).transpose();
    let pattern = pattern.map_err(|message| fault("event_type", message));
    if !faults.is_empty() {
        return Err(Refusal::Invalid(faults));
    }
    Ok(EventCriteria {
        consumer_seq: asked_for(conn, purview, input.consumer.as_deref())?,
        pattern: pattern.ok().flatten(),
        channel: input.channel.clone(),
        tag: input.tag.clone(),
        since_ms: since.map(Timestamp::millis),
        until_ms: until.map(Timestamp::millis),
        end: events::end(conn)?,
    })
}

impl EventCriteria {
    fn behind(&self, workspace_seq: i64, after: i64) -> EventScan {
        EventScan {
            filter: EventFilter {
                workspace_seq,
                consumer_seq: self.consumer_seq,
                pattern: self.pattern.clone(),
                channel: self.channel.clone(),
                tag: self.tag.clone(),
                since: self.since_ms.map(Timestamp::from_millis),
                until: self.until_ms.map(Timestamp::from_millis),
                ..EventFilter::default()
            },
            after,
            end: self.end,
        }
    }
}

impl ChosenEvents {
    /// How many there are.
    pub(super) fn count(&self, conn: &Read<'_>, workspace_seq: i64) -> Result<u64, StoreError> {
        let criteria = match self {
            Self::Rows(rows) => return Ok(rows.len() as u64),
            Self::Filter(criteria) => criteria,
        };
        let (mut total, mut after) = (0, Some(0));
        while let Some(behind) = after {
            let scan = criteria.behind(workspace_seq, behind);
            let found = events::unerased(conn, &scan, SCANNED_EVENTS_MAX)?;
            total += found.rows.len() as u64;
            after = found.next;
        }
        Ok(total)
    }

    /// Cuts the batch of `limit` events behind row `after`; answers with it the row behind which the next
    /// one begins.
    pub(super) fn cut(
        &self,
        conn: &Read<'_>,
        workspace_seq: i64,
        after: i64,
        limit: usize,
    ) -> Result<(Vec<i64>, Option<i64>), StoreError> {
        Ok(match self {
            Self::Rows(all) => {
                let start = all.partition_point(|row| *row <= after);
                let rows: Vec<i64> = all[start..].iter().copied().take(limit).collect();
                let more = start + rows.len() < all.len();
                let next = rows.last().copied().filter(|_| more);
                (rows, next)
            }
            Self::Filter(criteria) => {
                let scan = criteria.behind(workspace_seq, after);
                let found = events::unerased(conn, &scan, limit)?;
                (found.rows, found.next)
            }
        })
    }
}
