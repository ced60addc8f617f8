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
use super::deliveries::is_under_way;
use super::events::EVENT_DELIVERIES_MAX;
use super::webhooks::cancel;
use crate::store::consumers::erasing;
use crate::store::{StoreError, WriteTx, deliveries};

/// Events that one transaction erases.
pub const ERASED_AT_ONCE: usize = 50;

/// How long to wait for an attempt under way, before looking again.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// What a batch came to.
enum Erased {
    /// As much as it could.
    Some,
    /// Nothing: an attempt is under way, and its answer would be kept after it.
    Later,
}

impl Service {
    /// Erases one batch; `false` where there is nothing to erase.
    pub(super) async fn step_erasures(&self) -> Result<bool, StoreError> {
        let next = self
            .store()
            .read(|conn| erasing::next(conn, ERASED_AT_ONCE));
        let Some(mut part) = next.await? else {
            return Ok(false);
        };
        let engine = self.engine().clone();
        let batch = move |tx: &mut WriteTx<'_>| {
            let all = part.events.len();
            for (place, event_seq) in part.events.iter().enumerate() {
                let made = deliveries::of_event(tx, *event_seq, EVENT_DELIVERIES_MAX)?;
                if made.iter().any(|own| is_under_way(&engine, own)) {
                    part.events.truncate(place);
                    break;
                }
            }
            if part.events.is_empty() && all > 0 {
                return Ok(Erased::Later);
            }
            erasing::begin(tx)?;
            for event_seq in &part.events {
                for seq in erasing::waiting_of(tx, *event_seq)? {
                    cancel(tx, seq)?;
                }
                erasing::erase(tx, *event_seq)?;
            }
            erasing::end(tx, &part)?;
            Ok::<_, StoreError>(Erased::Some)
        };
        match self.store().settle(batch).await? {
            Erased::Some => {}
            Erased::Later => tokio::time::sleep(LOOK_AGAIN).await,
        }
        Ok(true)
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
