//! Erasing what was published to consumers that were deleted with all they got.
//!
//! Owns: doing it a batch at a time, and calling off before what still waits. Refuses: erasing what
//! happened: deliveries and attempts stay until retention, without what was said.
//!
//! # Why what waits is called off
//! An event for a consumer also goes to the platform's own webhooks. Once it is empty there is nothing
//! to send: it must not arrive there as nothing.

use std::time::Duration;

use super::Service;
use super::webhooks::cancel;
use crate::store::consumers::erasing;
use crate::store::{StoreError, WriteTx};

/// Events that one transaction erases.
pub const ERASED_AT_ONCE: usize = 50;

/// How long to wait for an attempt under way, before looking again.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

impl Service {
    /// Erases one batch; `false` where there is nothing to erase.
    pub(super) async fn step_erasures(&self) -> Result<bool, StoreError> {
        let next = self
            .store()
            .read(|conn| erasing::next(conn, ERASED_AT_ONCE));
        let Some(mut part) = next.await? else {
            return Ok(false);
        };
        let all = part.events.len();
        self.keep_idle(&mut part.events).await?;
        if part.events.is_empty() && all > 0 {
            tokio::time::sleep(LOOK_AGAIN).await;
            return Ok(true);
        }
        let batch = move |tx: &mut WriteTx<'_>| {
            erasing::begin(tx)?;
            for event_seq in &part.events {
                for seq in erasing::waiting_of(tx, *event_seq)? {
                    cancel(tx, seq)?;
                }
                erasing::erase(tx, *event_seq)?;
            }
            erasing::end(tx, &part)
        };
        self.store().settle(batch).await?;
        Ok(true)
    }

    /// Leaves those before the first of which an attempt is under way, whose answer would be kept.
    async fn keep_idle(&self, events: &mut Vec<i64>) -> Result<(), StoreError> {
        let under_way = self.under_way_of(events.clone()).await?;
        let first = events.iter().position(|own| under_way.has_of(*own));
        events.truncate(first.unwrap_or(events.len()));
        Ok(())
    }

    /// Erases the first batch and leaves the rest to the worker.
    pub(super) async fn begin_erasing(&self) -> Result<(), StoreError> {
        if self.step_erasures().await? {
            let wake = |tx: &mut WriteTx<'_>| {
                tx.notices().jobs_changed = true;
                Ok::<_, StoreError>(())
            };
            self.store().settle(wake).await?;
        }
        Ok(())
    }
}
