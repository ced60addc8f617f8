//! What a job works off and how far it has come, as its row holds it.
//!
//! Owns: the JSON of both, and cutting the next batch from them. Refuses: changing anything.
//!
//! # Why every job has an end that was fixed when it was made
//! What a job puts back may fail and give up again while the job is still running. With an upper
//! bound on row numbers, taken at creation, no job ever chases its own tail.
//!
//! # Why batches are cut outside of the writer
//! Finding five hundred matches may mean looking at ten thousand rows. That is done on a reader;
//! the writer only looks again at what was found.

use serde::{Deserialize, Serialize};

use super::chosen_events::ChosenEvents;
use crate::domain::delivery::{
    CarriedFilter, DeliveryFilter, DeliveryScope, JobPart, LastResult, Status, TestsShown,
};
use crate::domain::event::MissedEvents;
use crate::domain::event_type::Pattern;
use crate::domain::page::{Cursor, List, Order};
use crate::domain::time::Timestamp;
use crate::store::deliveries::{self, SCAN_ROWS_MAX};
use crate::store::{Read, StoreError, events};

/// Items of one batch, hence of one transaction.
pub(super) const BATCH: usize = 250;
/// Events that one transaction erases.
const ERASED_AT_ONCE: usize = 50;

/// What a job works off: deliveries first, then events that a webhook missed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) deliveries: Option<Chosen>,
    pub(super) missed: Option<Missed>,
    #[serde(default)]
    pub(super) events: Option<ChosenEvents>,
}

/// Which deliveries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Chosen {
    /// These rows, in ascending order.
    Rows(Vec<i64>),
    /// All that match.
    Filter(Criteria),
}

/// A filter as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Criteria {
    dead_letters_only: bool,
    #[serde(default)]
    discarded_only: bool,
    #[serde(default)]
    job_seq: Option<i64>,
    #[serde(default)]
    job_part: Option<JobPart>,
    #[serde(default)]
    consumer_seq: Option<i64>,
    webhook_seq: Option<i64>,
    event_seq: Option<i64>,
    event_type: Option<Pattern>,
    #[serde(default)]
    carried: Option<Box<CarriedFilter>>,
    #[serde(default)]
    result: Option<LastResult>,
    profile: Option<String>,
    statuses: Vec<i64>,
    since_ms: Option<i64>,
    until_ms: Option<i64>,
    #[serde(default)]
    ended_since_ms: Option<i64>,
    #[serde(default)]
    tests: TestsShown,
    /// One past the last row that may match.
    end: i64,
}

/// Which missed events: rows between `after` and `end`, both exclusive, of a span of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Missed {
    pub(super) webhook_seq: i64,
    pub(super) after: i64,
    pub(super) end: i64,
    #[serde(default)]
    pub(super) since_ms: Option<i64>,
    #[serde(default)]
    pub(super) until_ms: Option<i64>,
}

impl Missed {
    /// Those behind row `after`.
    fn behind(&self, after: i64) -> MissedEvents {
        MissedEvents {
            webhook_seq: self.webhook_seq,
            after,
            end: self.end,
            since: self.since_ms.map(Timestamp::from_millis),
            until: self.until_ms.map(Timestamp::from_millis),
        }
    }
}

/// Where the next batch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    pub(super) stage: JobStage,
    pub(super) after: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum JobStage {
    Deliveries,
    Missed,
    Events,
}

/// What a batch consists of.
#[derive(Clone, Debug)]
pub(super) struct JobBatch {
    pub(super) items: Items,
    /// Where the one after it begins; `None` where it is the last.
    pub(super) next: Option<Position>,
}

/// Row numbers to work off.
#[derive(Clone, Debug)]
pub(super) enum Items {
    /// Deliveries, and in which states they are still wanted; empty means any.
    Deliveries(Vec<i64>, Vec<Status>),
    /// Events that a webhook missed.
    Missed(Vec<i64>),
    /// Events that are to be erased.
    Events(Vec<i64>),
}

impl Criteria {
    pub(super) fn new(filter: &DeliveryFilter, end: i64) -> Self {
        Self {
            dead_letters_only: filter.scope == DeliveryScope::DeadLetters,
            discarded_only: filter.scope == DeliveryScope::Discarded,
            consumer_seq: filter.consumer_seq,
            webhook_seq: filter.webhook_seq,
            event_seq: filter.event_seq,
            job_seq: filter.job_seq,
            job_part: filter.job_part,
            event_type: filter.event_type.clone(),
            carried: filter.carried.clone(),
            result: filter.result,
            profile: filter.profile.clone(),
            statuses: filter.statuses.iter().map(|status| status.code()).collect(),
            since_ms: filter.since.map(Timestamp::millis),
            until_ms: filter.until.map(Timestamp::millis),
            ended_since_ms: filter.ended_since.map(Timestamp::millis),
            tests: filter.tests,
            end,
        }
    }

    fn filter(&self, workspace_seq: i64) -> DeliveryFilter {
        let statuses = self.statuses.iter().copied();
        DeliveryFilter {
            workspace_seq,
            consumer_seq: self.consumer_seq,
            scope: match (self.dead_letters_only, self.discarded_only) {
                (true, _) => DeliveryScope::DeadLetters,
                (false, true) => DeliveryScope::Discarded,
                (false, false) => DeliveryScope::Undiscarded,
            },
            webhook_seq: self.webhook_seq,
            event_seq: self.event_seq,
            job_seq: self.job_seq,
            job_part: self.job_part,
            event_type: self.event_type.clone(),
            carried: self.carried.clone(),
            result: self.result,
            profile: self.profile.clone(),
            statuses: statuses.filter_map(Status::from_code).collect(),
            since: self.since_ms.map(Timestamp::from_millis),
            until: self.until_ms.map(Timestamp::from_millis),
            ended_since: self.ended_since_ms.map(Timestamp::from_millis),
            tests: self.tests,
        }
    }

    fn wanted(&self) -> Vec<Status> {
        if self.dead_letters_only {
            return vec![Status::Exhausted];
        }
        let statuses = self.statuses.iter().copied();
        statuses.filter_map(Status::from_code).collect()
    }
}

impl Task {
    /// How many items the task comes to.
    pub(super) fn count(&self, conn: &Read<'_>, workspace_seq: i64) -> Result<u64, StoreError> {
        let deliveries = match &self.deliveries {
            None => 0,
            Some(Chosen::Rows(rows)) => count_of(rows.len()),
            Some(Chosen::Filter(criteria)) => count_matching(conn, criteria, workspace_seq)?,
        };
        let missed = match &self.missed {
            None => 0,
            Some(missed) => events::count_missed(conn, &missed.behind(missed.after))?,
        };
        let events = match &self.events {
            None => 0,
            Some(chosen) => chosen.count(conn, workspace_seq)?,
        };
        Ok(deliveries + missed + events)
    }

    /// Cuts the batch that begins at `position`; `None` begins at the start.
    pub(super) fn cut(
        &self,
        conn: &Read<'_>,
        workspace_seq: i64,
        position: Option<Position>,
    ) -> Result<JobBatch, StoreError> {
        let position = position.unwrap_or(Position {
            stage: JobStage::Deliveries,
            after: 0,
        });
        if let Some(chosen) = &self.events {
            return cut_events(conn, chosen, workspace_seq, position.after);
        }
        match (position.stage, &self.deliveries, &self.missed) {
            (JobStage::Deliveries, Some(chosen), _) => {
                let cut = cut_deliveries(conn, chosen, workspace_seq, position.after)?;
                Ok(JobBatch {
                    items: Items::Deliveries(cut.rows, cut.wanted),
                    next: match cut.after {
                        Some(after) => Some(Position { after, ..position }),
                        None => self.missed.as_ref().map(start_of),
                    },
                })
            }
            (JobStage::Deliveries, None, Some(missed)) => cut_missed(conn, missed, missed.after),
            (JobStage::Missed, _, Some(missed)) => cut_missed(conn, missed, position.after),
            (JobStage::Deliveries, None, None)
            | (JobStage::Missed, _, None)
            | (JobStage::Events, _, _) => Ok(JobBatch {
                items: Items::Missed(Vec::new()),
                next: None,
            }),
        }
    }
}

struct Portion {
    rows: Vec<i64>,
    wanted: Vec<Status>,
    after: Option<i64>,
}

fn cut_deliveries(
    conn: &Read<'_>,
    chosen: &Chosen,
    workspace_seq: i64,
    after: i64,
) -> Result<Portion, StoreError> {
    match chosen {
        Chosen::Rows(all) => {
            let start = all.partition_point(|row| *row <= after);
            let rows: Vec<i64> = all[start..].iter().copied().take(BATCH).collect();
            let more = start + rows.len() < all.len();
            Ok(Portion {
                after: rows.last().copied().filter(|_| more),
                rows,
                wanted: Vec::new(),
            })
        }
        Chosen::Filter(criteria) => {
            let filter = criteria.filter(workspace_seq);
            let cursor = Some(Cursor::behind(List::Deliveries, after));
            let page = deliveries::scan(conn, &filter, cursor, BATCH, Order::Ascending)?;
            let mut rows = page.items;
            rows.retain(|row| *row < criteria.end);
            let next = page.next.map(Cursor::seq);
            Ok(Portion {
                after: next.filter(|next| next + 1 < criteria.end),
                rows,
                wanted: criteria.wanted(),
            })
        }
    }
}

fn cut_missed(conn: &Read<'_>, missed: &Missed, after: i64) -> Result<JobBatch, StoreError> {
    let rows = events::missed(conn, &missed.behind(after), BATCH)?;
    let more = rows.len() == BATCH;
    let last = rows.last().copied().filter(|_| more);
    Ok(JobBatch {
        items: Items::Missed(rows),
        next: last.map(|after| Position {
            stage: JobStage::Missed,
            after,
        }),
    })
}

fn cut_events(
    conn: &Read<'_>,
    chosen: &ChosenEvents,
    workspace_seq: i64,
    after: i64,
) -> Result<JobBatch, StoreError> {
    let (rows, next) = chosen.cut(conn, workspace_seq, after, ERASED_AT_ONCE)?;
    Ok(JobBatch {
        items: Items::Events(rows),
        next: next.map(|after| Position {
            stage: JobStage::Events,
            after,
        }),
    })
}

fn start_of(missed: &Missed) -> Position {
    Position {
        stage: JobStage::Missed,
        after: missed.after,
    }
}

fn count_matching(
    conn: &Read<'_>,
    criteria: &Criteria,
    workspace_seq: i64,
) -> Result<u64, StoreError> {
    let filter = criteria.filter(workspace_seq);
    let mut total = 0;
    let mut cursor = None;
    loop {
        let page = deliveries::scan(conn, &filter, cursor, SCAN_ROWS_MAX, Order::Ascending)?;
        total += count_of(page.items.iter().filter(|row| **row < criteria.end).count());
        cursor = page.next.filter(|next| next.seq() + 1 < criteria.end);
        if cursor.is_none() {
            return Ok(total);
        }
    }
}

fn count_of(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}
