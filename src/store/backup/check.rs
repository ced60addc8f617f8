//! Checking a database: its pages, its references, and every event against its digest.
//!
//! Owns: what is looked at, and the words for what is found. Refuses: repairing anything.

use std::path::Path;

use rusqlite::{Connection, named_params};

use super::{BackupError, open_read_only};
use crate::domain::time::Timestamp;
use crate::store::directory::DATABASE_FILE;
use crate::store::events;

/// Findings that a report lists at most.
pub const FINDINGS_MAX: usize = 100;
/// Events that one statement reads; between two of them the database may move on.
const EVENTS_AT_ONCE: usize = 1000;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Events whose digests were compared.
    pub events: u64,
    /// What is wrong, in words: at most [`FINDINGS_MAX`].
    pub findings: Vec<String>,
}

impl CheckReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    fn add(&mut self, finding: String) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }
}

/// Checks the database in `data_dir`, whether or not a process serves it. Reads all of it.
///
/// # Errors
/// [`BackupError::Files`] where there is none, and what SQLite says where it cannot even be read.
pub fn check(data_dir: &Path) -> Result<CheckReport, BackupError> {
    check_file(&data_dir.join(DATABASE_FILE))
}

pub(super) fn check_file(database: &Path) -> Result<CheckReport, BackupError> {
    let conn = open_read_only(database)?;
    let mut report = CheckReport::default();
    check_pages(&conn, &mut report)?;
    check_references(&conn, &mut report)?;
    check_events(&conn, &mut report)?;
    Ok(report)
}

fn check_pages(conn: &Connection, report: &mut CheckReport) -> Result<(), BackupError> {
    let mut statement = conn.prepare(&format!("PRAGMA integrity_check({FINDINGS_MAX})"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let finding: String = row.get(0)?;
        if finding != "ok" {
            report.add(finding);
        }
    }
    Ok(())
}

fn check_references(conn: &Connection, report: &mut CheckReport) -> Result<(), BackupError> {
    let mut statement = conn.prepare("PRAGMA foreign_key_check")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let table: String = row.get(0)?;
        let seq: Option<i64> = row.get(1)?;
        let parent: String = row.get(2)?;
        let seq = seq.unwrap_or_default();
        report.add(format!(
            "row {seq} of {table} refers to a missing row of {parent}"
        ));
    }
    Ok(())
}

fn check_events(conn: &Connection, report: &mut CheckReport) -> Result<(), BackupError> {
    let mut after = 0;
    while let Some(last) = check_some_events(conn, after, report)? {
        after = last;
    }
    Ok(())
}

/// Answers the last row it looked at; `None` behind the end.
fn check_some_events(
    conn: &Connection,
    after: i64,
    report: &mut CheckReport,
) -> Result<Option<i64>, BackupError> {
    let mut statement = conn.prepare_cached(
        "SELECT seq, type, occurred_at, digest, data, packed_data
         FROM events
         WHERE seq > :after
         ORDER BY seq
         LIMIT :limit",
    )?;
    let limit = i64::try_from(EVENTS_AT_ONCE).expect("a small bound");
    let mut rows = statement.query(named_params! { ":after": after, ":limit": limit })?;
    let mut last = None;
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        // Text that is no longer UTF-8 is damage to report, not a reason to stop looking.
        let text = |column| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
        let occurred_at = Timestamp::from_millis(row.get(2)?);
        let data = events::packing::borrowed(row.get_ref(4)?, row.get_ref(5)?);
        let sound = match (text(1), data) {
            (Ok(event_type), Ok(data)) => {
                row.get_ref(3)?.as_blob().ok()
                    == Some(&events::digest(event_type, occurred_at, &data))
            }
            (Ok(_) | Err(_), _) => false,
        };
        if !sound {
            report.add(format!("event {seq} is not what was once published"));
        }
        report.events += 1;
        last = Some(seq);
    }
    Ok(last)
}
