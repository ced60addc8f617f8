//! Retention: what is older than anybody wants it leaves, a little at a time.
//!
//! Owns: the order in which things leave, the bound of one step. Refuses: saying when to sweep
//! (`engine` does) and keeping time; every age is measured from the transaction's own `now`.
//!
//! # Why steps
//! Everything that writes shares one writer. A sweep that removed a day's history in one
//! transaction would hold up every publisher for as long as it takes. So a sweep is cut into
//! steps of a bounded number of rows, each an ordinary write among others, and the caller carries
//! the [`Sweep`] from one step to the next. A sweep that is lost in a crash begins anew.
//!
//! # Why a sweep has a position and not just a condition
//! Rows are walked in the order of their numbers, which is their age. Some old ones stay (dead
//! letters, the newest of each webhook, a delivery that was put back and finished late). A step
//! that always began with the oldest row would look at those first, every time, and one day look
//! at nothing else. Going on behind the last row makes each step cost the same.
//!
//! # Why events outlive their deliveries
//! An event leaves once it is old enough and no delivery refers to it. Its deliveries may be kept
//! longer, as dead letters, and must be able to show what they carried.

use std::collections::HashMap;
use std::time::Duration;

use rusqlite::{OptionalExtension, Row, named_params};

use super::{Read, StoreError, WriteTx};
use crate::domain::delivery::Status;
use crate::domain::event::EventKind;
use crate::domain::time::Timestamp;

mod history;
mod leftovers;

/// What a step may spend: one point for each row that it looks at or removes, and three more for a
/// delivery. Hence at most 500 deliveries leave in a step.
const POINTS_MAX: u32 = 2000;
/// What the removal of a delivery costs besides looking at it, in points.
const DELIVERY_POINTS: u32 = 3;

/// How long things are kept where a workspace does not say otherwise.
#[derive(Clone, Copy, Debug)]
pub struct RetentionLimits {
    /// Delivered and canceled deliveries, from when they were.
    pub delivered: Duration,
    /// Dead letters, from when the last attempt failed.
    pub exhausted: Duration,
    /// Sessions, from their last sign of life.
    pub sessions: Duration,
}

/// Where a sweep has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sweep(SweepPlace);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SweepPlace {
    Workspace {
        seq: i64,
        stage: HistoryStage,
        after: i64,
    },
    Instance(InstanceStage),
}

/// What leaves of a workspace, in this order: an event only leaves after its deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HistoryStage {
    Deliveries(Status),
    Events(EventKind),
    Webhooks,
}

/// What leaves of the instance, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InstanceStage {
    Minutes,
    Hours,
    Answers,
    Sessions,
    PortalLinks,
    Audit,
    Secrets,
    Jobs,
    Space,
}

impl Sweep {
    /// A new sweep, from the beginning.
    #[must_use]
    pub fn start() -> Self {
        Self(SweepPlace::Workspace {
            seq: 0,
            stage: HistoryStage::FIRST,
            after: 0,
        })
    }
}

impl HistoryStage {
    const FIRST: Self = Self::Deliveries(Status::Delivered);

    fn next(self) -> Option<Self> {
        match self {
            Self::Deliveries(Status::Delivered) => Some(Self::Deliveries(Status::Canceled)),
            Self::Deliveries(Status::Canceled) => Some(Self::Deliveries(Status::Exhausted)),
            // Waiting deliveries never leave, so no stage is theirs.
            Self::Deliveries(
                Status::Exhausted | Status::Scheduled | Status::Pending | Status::Retrying,
            ) => Some(Self::Events(EventKind::Published)),
            Self::Events(EventKind::Published) => Some(Self::Events(EventKind::Test)),
            Self::Events(EventKind::Test) => Some(Self::Events(EventKind::Alert)),
            Self::Events(EventKind::Alert) => Some(Self::Webhooks),
            Self::Webhooks => None,
        }
    }
}

impl InstanceStage {
    fn next(self) -> Option<Self> {
        match self {
            Self::Minutes => Some(Self::Hours),
            Self::Hours => Some(Self::Answers),
            Self::Answers => Some(Self::Sessions),
            Self::Sessions => Some(Self::PortalLinks),
            Self::PortalLinks => Some(Self::Audit),
            Self::Audit => Some(Self::Secrets),
            Self::Secrets => Some(Self::Jobs),
            Self::Jobs => Some(Self::Space),
            Self::Space => None,
        }
    }
}

/// How much left in a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Deliveries.
    pub deliveries: u32,
    /// Their attempts.
    pub attempts: u32,
    /// Events.
    pub events: u32,
    /// Hidden and deleted webhooks.
    pub webhooks: u32,
    /// Rows of any other kind.
    pub others: u32,
    /// Pages of the database file given back to the disk.
    pub pages: u32,
}

impl Pruned {
    /// Counts what left in another step as well.
    pub fn add(&mut self, other: &Self) {
        self.deliveries += other.deliveries;
        self.attempts += other.attempts;
        self.events += other.events;
        self.webhooks += other.webhooks;
        self.others += other.others;
        self.pages += other.pages;
    }

    /// Whether nothing left.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What came of a step.
#[derive(Clone, Copy, Debug)]
pub struct RetentionStep {
    /// How much left.
    pub pruned: Pruned,
    /// Where the sweep goes on; `None` where it is over.
    pub next: Option<Sweep>,
}

/// Does one bounded step of a sweep.
///
/// # Errors
/// [`StoreError::Sqlite`]; then nothing of the step is kept.
pub fn step(
    tx: &mut WriteTx<'_>,
    limits: &RetentionLimits,
    from: Sweep,
) -> Result<RetentionStep, StoreError> {
    let mut run = Run {
        tx,
        limits,
        points: POINTS_MAX,
        pruned: Pruned::default(),
        kept_from: HashMap::new(),
    };
    let mut place = Some(from.0);
    while let Some(at) = place
        && run.points > 0
    {
        place = run.advance(at)?;
    }
    let pruned = run.pruned;
    if pruned.deliveries + pruned.events + pruned.webhooks > 0 {
        tx.notices().activity = true;
    }
    Ok(RetentionStep {
        pruned,
        next: place.map(Sweep),
    })
}

/// A step under way.
struct Run<'r, 'tx> {
    tx: &'r mut WriteTx<'tx>,
    limits: &'r RetentionLimits,
    points: u32,
    pruned: Pruned,
    /// By webhook, from which row on its deliveries are kept whatever their age.
    kept_from: HashMap<i64, i64>,
}

impl Run<'_, '_> {
    fn advance(&mut self, place: SweepPlace) -> Result<Option<SweepPlace>, StoreError> {
        self.spend(1);
        match place {
            SweepPlace::Workspace { seq, stage, after } => {
                self.workspace(seq, stage, after).map(Some)
            }
            SweepPlace::Instance(stage) => {
                let next = if self.leftovers(stage)? {
                    Some(stage)
                } else {
                    stage.next()
                };
                Ok(next.map(SweepPlace::Instance))
            }
        }
    }

    fn workspace(
        &mut self,
        seq: i64,
        stage: HistoryStage,
        after: i64,
    ) -> Result<SweepPlace, StoreError> {
        let Some(rules) = rules(self.tx, self.limits, seq, self.tx.now())? else {
            return Ok(SweepPlace::Instance(InstanceStage::Minutes));
        };
        // Row numbers have gaps; the next workspace is found by asking for any at or behind one.
        let (stage, after) = if rules.workspace_seq == seq {
            (stage, after)
        } else {
            (HistoryStage::FIRST, 0)
        };
        let seq = rules.workspace_seq;
        let (seq, stage, after) = match (self.history(&rules, stage, after)?, stage.next()) {
            (Some(after), _) => (seq, stage, after),
            (None, Some(stage)) => (seq, stage, 0),
            (None, None) => (seq + 1, HistoryStage::FIRST, 0),
        };
        Ok(SweepPlace::Workspace { seq, stage, after })
    }

    fn history(
        &mut self,
        rules: &Rules,
        stage: HistoryStage,
        after: i64,
    ) -> Result<Option<i64>, StoreError> {
        match stage {
            HistoryStage::Deliveries(status) => self.deliveries(rules, status, after),
            HistoryStage::Events(kind) => self.events(rules, kind, after),
            HistoryStage::Webhooks => self.webhooks(rules, after),
        }
    }

    fn spend(&mut self, points: u32) {
        self.points = self.points.saturating_sub(points);
    }
}

/// What a workspace keeps.
struct Rules {
    workspace_seq: i64,
    delivered_before: Timestamp,
    exhausted_before: Timestamp,
    keep_latest: Option<u32>,
    alert_webhook_seq: Option<i64>,
}

/// The rules of the first workspace at or behind `seq`, deleted ones included.
fn rules(
    conn: &Read<'_>,
    limits: &RetentionLimits,
    seq: i64,
    now: Timestamp,
) -> Result<Option<Rules>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT seq, retention_delivered_ms, retention_exhausted_ms, retention_keep_latest,
             alert_webhook_seq
         FROM workspaces
         WHERE seq >= :seq
         ORDER BY seq
         LIMIT 1",
    )?;
    let read = |row: &Row<'_>| {
        let before = |column: &str, default: Duration| {
            let kept_ms: Option<u64> = row.get(column)?;
            let kept = kept_ms.map_or(default, Duration::from_millis);
            Ok::<_, rusqlite::Error>(now.before(kept))
        };
        Ok(Rules {
            workspace_seq: row.get("seq")?,
            delivered_before: before("retention_delivered_ms", limits.delivered)?,
            exhausted_before: before("retention_exhausted_ms", limits.exhausted)?,
            keep_latest: row.get("retention_keep_latest")?,
            alert_webhook_seq: row.get("alert_webhook_seq")?,
        })
    };
    Ok(statement
        .query_row(named_params! { ":seq": seq }, read)
        .optional()?)
}

#[cfg(test)]
mod tests;
