//! What our own types are in a column.
//!
//! Owns: how each is written and read back; every word and number that a column may hold comes from
//! its type. Refuses: statements.
//!
//! # Why a column that cannot be read is damage
//! Nothing else writes the database. A word that no type knows, bytes that are no text, a number
//! where a text belongs: each means that the row is not what was once stored, and
//! [`StoreError::Damaged`] says so. Whoever reads one row refuses it; a list goes on without it.

use std::time::Duration;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{Row, RowIndex};

use super::StoreError;
use crate::domain::api_key::Scopes;
use crate::domain::attempt::AttemptTrigger;
use crate::domain::audit::ActorKind;
use crate::domain::breaker::DisabledReason;
use crate::domain::consumer::ConsumerUid;
use crate::domain::delivery::{Status, Trigger};
use crate::domain::event::{EventKind, GivenId};
use crate::domain::event_type::{EventTypeName, VersionName};
use crate::domain::feature_flag::FeatureFlags;
use crate::domain::format::Format;
use crate::domain::id::{Id, Kind};
use crate::domain::job::{JobKind, JobStatus};
use crate::domain::order::OrderKey;
use crate::domain::outcome::FailureKind;
use crate::domain::portal::{Capabilities, PortalTheme};
use crate::domain::profile::Origin;
use crate::domain::role::Role;
use crate::domain::session::Channel;
use crate::domain::time::Timestamp;
use crate::domain::token::TokenHash;
use crate::domain::webhook::WebhookKind;
use crate::domain::workspace::Plan;

/// A value that no version of hookpost writes.
#[derive(Debug, thiserror::Error)]
#[error("an unknown value")]
struct UnknownValue;

fn known<T>(value: Option<T>) -> FromSqlResult<T> {
    value.ok_or_else(|| FromSqlError::Other(Box::new(UnknownValue)))
}

/// Types that a column holds as a word.
macro_rules! words {
    ($($name:ty),+ $(,)?) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }
        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                known(<$name>::parse(value.as_str()?))
            }
        }
    )+};
}

words! {
    ActorKind, Channel, DisabledReason, FailureKind, Format, JobKind, JobStatus, Origin, Plan,
    PortalTheme, Role, WebhookKind,
}

/// Types that a column holds as a number.
macro_rules! codes {
    ($($name:ty),+ $(,)?) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.code().into())
            }
        }
        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                known(<$name>::from_code(value.as_i64()?))
            }
        }
    )+};
}

codes! { AttemptTrigger, EventKind, OrderKey, Status, Trigger }

impl ToSql for Timestamp {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.millis().into())
    }
}

impl FromSql for Timestamp {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(Self::from_millis(value.as_i64()?))
    }
}

impl ToSql for TokenHash {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_bytes().as_slice().into())
    }
}

impl FromSql for TokenHash {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let bytes = value.as_blob()?.try_into().ok();
        known(bytes.map(Self::from_bytes))
    }
}

impl ToSql for Scopes {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.to_string().into())
    }
}

impl FromSql for Scopes {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        known(Self::parse(value.as_str()?))
    }
}

impl ToSql for Capabilities {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.to_string().into())
    }
}

impl FromSql for Capabilities {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        known(Self::parse(value.as_str()?))
    }
}

impl ToSql for FeatureFlags {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.is_empty() {
            true => ToSqlOutput::Owned(Value::Null),
            false => self.to_string().into(),
        })
    }
}

impl FromSql for FeatureFlags {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Null => Ok(Self::default()),
            value => known(Self::read(value.as_str()?)),
        }
    }
}

impl ToSql for EventTypeName {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for EventTypeName {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        known(Self::parse(value.as_str()?).ok())
    }
}

impl ToSql for VersionName {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for VersionName {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        known(Self::parse(value.as_str()?).ok())
    }
}

impl ToSql for GivenId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for GivenId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        known(Self::parse(value.as_str()?).ok())
    }
}

impl ToSql for ConsumerUid {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for ConsumerUid {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        known(Self::parse(value.as_str()?).ok())
    }
}

/// The columns of a row in the order in which the statement names them: where rows are read for every
/// delivery, looking each name up takes time.
pub(super) struct InOrder<'r, 's> {
    row: &'r Row<'s>,
    next: usize,
}

impl<'r, 's> InOrder<'r, 's> {
    pub(super) fn of(row: &'r Row<'s>) -> Self {
        Self { row, next: 0 }
    }

    /// The next column.
    pub(super) fn next<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        let at = self.next;
        self.next += 1;
        self.row.get(at)
    }
}

/// The id in two columns: when its row was made, and the row's number.
pub(super) fn id<K: Kind>(
    row: &Row<'_>,
    at: impl RowIndex,
    seq: impl RowIndex,
) -> Result<Id<K>, StoreError> {
    let seq: i64 = row.get(seq)?;
    if seq < 1 {
        return Err(StoreError::Damaged(format!("{seq} is no row's number")));
    }
    Ok(Id::new(row.get(at)?, seq))
}

/// As [`id`], where both columns may be empty.
pub(super) fn optional_id<K: Kind>(
    row: &Row<'_>,
    at: &str,
    seq: &str,
) -> Result<Option<Id<K>>, StoreError> {
    match (
        row.get::<_, Option<i64>>(at)?,
        row.get::<_, Option<i64>>(seq)?,
    ) {
        (Some(_), Some(_)) => id(row, at, seq).map(Some),
        (None, _) | (_, None) => Ok(None),
    }
}

/// A span of time as its column holds it: whole milliseconds.
pub(super) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
