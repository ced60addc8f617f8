//! Facts about the instance itself: a small table of named values.
//!
//! Owns: reading and writing them by name. Refuses: anything that belongs to a workspace.

use rusqlite::named_params;

use super::{Read, StoreError};
use crate::clock::ClockReading;
use crate::domain::time::Timestamp;

/// The name of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// What proves that the master key is the one this database was sealed with.
    KeyRecord,
    /// Present while sending is paused, as after a restore.
    SendingPaused,
    /// Present while every person must have a second factor.
    MfaRequired,
    /// What the clock showed when the engine last looked at it.
    ClockSeen,
    /// When it was tried whether anything can be written.
    WriteTried,
    /// Where the clock went back: see `setbacks`.
    ClockSetbacks,
}

impl Fact {
    fn key(self) -> &'static str {
        match self {
            Self::KeyRecord => "key_record",
            Self::SendingPaused => "sending_paused",
            Self::MfaRequired => "mfa_required",
            Self::ClockSeen => "clock_seen",
            Self::WriteTried => "write_tried",
            Self::ClockSetbacks => "clock_setbacks",
        }
    }
}

/// Reads a fact.
pub fn read(conn: &Read<'_>, fact: Fact) -> Result<Option<Vec<u8>>, StoreError> {
    conn.optional(
        "SELECT value FROM instance WHERE key = :key",
        named_params! { ":key": fact.key() },
    )
}

/// Writes a fact, or forgets it where `value` is `None`.
pub fn write(conn: &Read<'_>, fact: Fact, value: Option<&[u8]>) -> Result<(), StoreError> {
    match value {
        Some(value) => conn.run(
            "INSERT OR REPLACE INTO instance (key, value) VALUES (:key, :value)",
            named_params! { ":key": fact.key(), ":value": value },
        )?,
        None => conn.run(
            "DELETE FROM instance WHERE key = :key",
            named_params! { ":key": fact.key() },
        )?,
    };
    Ok(())
}

/// What the clock showed when an earlier call of [`set_clock_seen`] wrote it down.
pub fn clock_seen(conn: &Read<'_>) -> Result<Option<ClockReading>, StoreError> {
    let bytes = read(conn, Fact::ClockSeen)?;
    Ok(bytes.as_deref().and_then(reading_of))
}

/// Writes down what the clock shows.
pub fn set_clock_seen(conn: &Read<'_>, reading: &ClockReading) -> Result<(), StoreError> {
    let mut bytes = Vec::from(reading.at.millis().to_be_bytes());
    bytes.extend(reading.offset_ms.to_be_bytes());
    bytes.extend(reading.boot.as_bytes());
    write(conn, Fact::ClockSeen, Some(&bytes))
}

/// Two numbers and the rest as text; only the first where an earlier version wrote it.
fn reading_of(bytes: &[u8]) -> Option<ClockReading> {
    let (at, rest) = bytes.split_first_chunk()?;
    let (offset_ms, boot) = rest.split_first_chunk().unwrap_or((&[0; 8], &[]));
    Some(ClockReading {
        at: Timestamp::from_millis(i64::from_be_bytes(*at)),
        offset_ms: i64::from_be_bytes(*offset_ms),
        boot: String::from_utf8_lossy(boot).into_owned(),
    })
}

/// Writes a row of its own, to find out whether anything can be written: SQLite writes nothing where
/// nothing differs.
pub fn try_write(conn: &Read<'_>, now: Timestamp) -> Result<(), StoreError> {
    write(conn, Fact::WriteTried, Some(&now.millis().to_be_bytes()))
}
