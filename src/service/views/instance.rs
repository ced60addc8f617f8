//! The instance as a whole: its counts, its disk.
//!
//! Owns: what metrics and the system's page read. Refuses: anything that tells one workspace from
//! another, but for the webhooks that the operator asks to be told of one by one.

use std::path::PathBuf;
use std::time::Duration;

use super::Views;
use crate::domain::stats::{Counts, MINUTE_MS, Period};
use crate::domain::time::Timestamp;
use crate::domain::webhook::Webhook;
use crate::engine::EngineStatus;
use crate::service::Refusal;
use crate::store::disk::{Disk, disk};
use crate::store::{Read, Store, StoreError, sqlite_version, stats, webhooks};

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

/// How far back the attempts of a webhook are counted.
const LATELY: Duration = Duration::from_secs(3600);

/// The numbers of one webhook.
#[derive(Clone, Debug)]
pub struct WebhookFigures {
    /// The webhook.
    pub webhook: Webhook,
    /// How many of its deliveries stand where.
    pub counts: Counts,
    /// Its attempts within the last hour that succeeded.
    pub succeeded_lately: u64,
    /// Those that failed.
    pub failed_lately: u64,
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

    /// The numbers of webhooks one by one, of `most` at most: of those that have failed longest, then
    /// of those registered first.
    pub async fn webhooks_one_by_one(&self, most: u32) -> Result<Vec<WebhookFigures>, Refusal> {
        let now = self.service.clock().now();
        self.service
            .read(move |store, conn| {
                let seqs = webhooks::foremost(conn, most)?;
                let found = webhooks::in_rows(conn, store.vault(), &seqs, now)?.into_iter();
                let figures = found.map(|webhook| figures(conn, webhook, now));
                Ok(figures.collect::<Result<Vec<_>, StoreError>>()?)
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

fn figures(
    conn: &Read<'_>,
    webhook: Webhook,
    now: Timestamp,
) -> Result<WebhookFigures, StoreError> {
    let period = Period {
        workspace_seq: webhook.workspace.seq(),
        webhook_seq: webhook.id.seq(),
        width_ms: MINUTE_MS,
        since: now.before(LATELY),
        until: now,
    };
    let step_ms = i64::try_from(LATELY.as_millis()).expect("an hour");
    let lately = stats::series(conn, &period, step_ms)?;
    let attempts: u64 = lately.iter().map(|step| step.attempts).sum();
    let failed_lately: u64 = lately.iter().map(|step| step.failures).sum();
    Ok(WebhookFigures {
        counts: stats::counts(conn, webhook.id.seq())?,
        succeeded_lately: attempts.saturating_sub(failed_lately),
        failed_lately,
        webhook,
    })
}

fn occupied(store: &Store) -> Result<Disk, Refusal> {
    disk(store.data_dir()).map_err(|error| Refusal::Internal(error.to_string()))
}
