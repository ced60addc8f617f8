//! The ladder of schema versions.
//!
//! Owns: the migrations in order, counted in SQLite's `user_version`. Refuses: changing a rung that
//! was ever released (a new one is appended instead), and opening a database that is newer than
//! this binary.

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

use super::open_error::OpenError;

const LADDER: &[M<'static>] = &[
    M::up(include_str!("migrations/0001_post_office.sql")),
    M::up(include_str!("migrations/0002_no_lists_of_states.sql")),
    M::up(include_str!("migrations/0003_consumers.sql")),
    M::up(include_str!("migrations/0004_header_aliases.sql")),
    M::up(include_str!("migrations/0005_public_keys.sql")),
    M::up(include_str!("migrations/0006_filters.sql")),
    M::up(include_str!("migrations/0007_shapes.sql")),
    M::up(include_str!("migrations/0008_erasure.sql")),
    M::up(include_str!("migrations/0009_event_context.sql")),
    M::up(include_str!("migrations/0010_portal_links.sql")),
    M::up(include_str!("migrations/0011_branding.sql")),
    M::up(include_str!("migrations/0012_scheduled.sql")),
    M::up(include_str!("migrations/0013_ordered_by.sql")),
    M::up(include_str!("migrations/0014_keep_data.sql")),
    M::up(include_str!("migrations/0015_own_names.sql")),
    M::up(include_str!("migrations/0016_jobs_own.sql")),
    M::up(include_str!("migrations/0017_via.sql")),
    M::up(include_str!("migrations/0018_own_numbers.sql")),
    M::up(include_str!("migrations/0019_saved_views.sql")),
    M::up(include_str!("migrations/0020_poll.sql")),
    M::up(include_str!("migrations/0021_consumer_types.sql")),
    M::up(include_str!("migrations/0022_alerts.sql")),
    M::up(include_str!("migrations/0023_mails.sql")),
    M::up(include_str!("migrations/0024_batches.sql")),
    M::up(include_str!("migrations/0025_operational.sql")),
    M::up(include_str!("migrations/0026_event_type_versions.sql")),
    M::up(include_str!("migrations/0027_verified.sql")),
    M::up(include_str!("migrations/0028_feature_flags.sql")),
    M::up(include_str!("migrations/0029_packed_rows.sql")),
    M::up(include_str!("migrations/0030_event_contents.sql")),
    M::up(include_str!("migrations/0031_label_kinds.sql")),
    M::up(include_str!("migrations/0032_consumers_entries.sql")),
];

/// Refuses a database that a later version wrote; answers its version.
pub(super) fn refuse_newer(conn: &Connection) -> Result<i64, OpenError> {
    let version = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = known();
    if version > known {
        return Err(OpenError::Newer { version, known });
    }
    Ok(version)
}

/// Whether a database of `version` is about to become one of another.
pub(super) fn is_due(version: i64) -> bool {
    version > 0 && version < known()
}

fn known() -> i64 {
    i64::try_from(LADDER.len()).expect("a short ladder")
}

/// Brings the database to this binary's version.
pub(super) fn migrate(conn: &mut Connection) -> Result<(), OpenError> {
    refuse_newer(conn)?;
    Migrations::from_slice(LADDER)
        .to_latest(conn)
        .map_err(|error| OpenError::Migration(error.to_string()))
}

#[cfg(test)]
mod tests;
