//! The alarm: pages of the database are not what was written to them.
//!
//! Owns: that it was sounded. Refuses: finding corrupt pages; whoever reads notices in passing.
//!
//! # Why writes stop
//! SQLite trusts its own pages. A write that follows a damaged one may put rows where others are, and
//! every write after a backup makes more that is lost with it. Reading goes on, so that what is
//! whole can be looked at and copied.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What writers are told.
pub(super) const CORRUPT: &str =
    "the database is corrupt; stop hookpost, run `hookpost check` and restore a backup";

/// Shared by all who read and by the writer.
#[derive(Clone, Debug, Default)]
pub(super) struct Alarm(Arc<AtomicBool>);

impl Alarm {
    /// A corrupt page was met. The first one says so in the log.
    pub(super) fn sound(&self) {
        if !self.0.swap(true, Ordering::Relaxed) {
            tracing::error!("{CORRUPT}; nothing is written any more");
        }
    }

    pub(super) fn is_sounding(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
