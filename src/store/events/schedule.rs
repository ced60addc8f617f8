//! When an event is to be delivered, in its columns.
//!
//! Owns: reading and writing them. Refuses: its deliveries, which wait by themselves.

use std::time::Duration;

use rusqlite::{Row, named_params};

use crate::domain::schedule::Schedule;
use crate::domain::time::Timestamp;
use crate::store::sql::millis;
use crate::store::{StoreError, WriteTx};

/// The columns of an event for which this was asked.
pub(super) struct ScheduleColumns(pub(super) Option<Schedule>);

impl ScheduleColumns {
    pub(super) fn asked_deliver_at(&self) -> Option<Timestamp> {
        match self.0 {
            Some(Schedule::At(at)) => Some(at),
            Some(Schedule::After(_)) | None => None,
        }
    }

    pub(super) fn asked_delay(&self) -> Option<i64> {
        match self.0 {
            Some(Schedule::After(long)) => Some(millis(long)),
            Some(Schedule::At(_)) | None => None,
        }
    }
}

pub(super) fn read(row: &Row<'_>) -> Result<Option<Schedule>, StoreError> {
    if let Some(at) = row.get("asked_deliver_at")? {
        return Ok(Some(Schedule::At(at)));
    }
    let delay: Option<u64> = row.get("asked_delay")?;
    Ok(delay.map(|ms| Schedule::After(Duration::from_millis(ms))))
}

/// Records that an event is to be delivered at another time; what its publisher asked for stays.
pub fn set_deliver_at(tx: &WriteTx<'_>, event_seq: i64, at: Timestamp) -> Result<(), StoreError> {
    tx.run(
        "UPDATE events SET deliver_at = :at WHERE seq = :event",
        named_params! { ":at": at, ":event": event_seq },
    )?;
    Ok(())
}
