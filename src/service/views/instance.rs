//! The instance as a whole: its counts, its disk.
//!
//! Owns: what metrics and the system's page read. Refuses: anything that tells one workspace from
//! another.

use std::path::PathBuf;

use super::Views;
use crate::domain::stats::Counts;
use crate::domain::time::Timestamp;
use crate::engine::EngineStatus;
use crate::service::Refusal;
use crate::store::disk::{Disk, disk};
use crate::store::stats;
use crate::store::{Store, sqlite_version};

/// Dead letters that a scrape counts at most.
const DEAD_LETTERS_COUNTED_MAX: u32 = 100_000;

/// The numbers of a scrape.
#[derive(Clone, Debug)]
pub struct InstanceFigures {
    /// How many deliveries stand where.
    pub counts: Counts,
    /// How many webhooks there are, by state.
    pub webhooks: Vec<(String, u64)>,
    /// Dead letters that nobody has discarded, as far as they are counted.
    pub dead_letters: u64,
    /// Since when the oldest delivery is due that was not attempted yet.
    pub oldest_due: Option<Timestamp>,
    /// What the data directory occupies; `None` where the disk does not answer.
    pub disk: Option<Disk>,
    /// What the engine has in hand.
    pub engine: EngineStatus,
}

/// The machine room.
#[derive(Clone, Debug)]
pub struct SystemFigures {
    /// Where the data lies.
    pub data_dir: PathBuf,
    /// What it occupies.
    pub disk: Disk,
    /// The version of the database's library.
    pub sqlite_version: &'static str,
    /// What the engine has in hand.
    pub engine: EngineStatus,
}

impl Views<'_> {
    /// The numbers of a scrape.
    ///
    /// # Errors
    /// [`Refusal::Internal`] where the database cannot be read.
    pub async fn instance(&self) -> Result<InstanceFigures, Refusal> {
        let engine = self.service.engine().status();
        self.service
            .read(move |store, conn| {
                Ok(InstanceFigures {
                    counts: stats::instance_counts(conn)?,
                    webhooks: stats::webhooks_by_status(conn)?,
                    dead_letters: stats::dead_letters_up_to(conn, DEAD_LETTERS_COUNTED_MAX)?,
                    oldest_due: stats::oldest_due(conn)?,
                    disk: occupied(store).ok(),
                    engine,
                })
            })
            .await
    }

    /// The machine room.
    ///
    /// # Errors
    /// [`Refusal::Internal`] where the disk does not answer.
    pub async fn system(&self) -> Result<SystemFigures, Refusal> {
        let disk = self.service.read(|store, _| occupied(store)).await?;
        Ok(SystemFigures {
            data_dir: self.service.store().data_dir().to_owned(),
            disk,
            sqlite_version: sqlite_version(),
            engine: self.service.engine().status(),
        })
    }
}

fn occupied(store: &Store) -> Result<Disk, Refusal> {
    disk(store.data_dir()).map_err(|error| Refusal::Internal(error.to_string()))
}
