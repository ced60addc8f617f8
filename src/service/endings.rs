//! Calling off what waits for webhooks that are out for good.
//!
//! Owns: finding it, and calling it off a batch at a time. Refuses: stopping a webhook; that is one
//! transaction, after which nothing of it is attempted any more.
//!
//! # Why it is not done in the request
//! Half a million deliveries take a while, and whoever deletes a webhook has not to wait for them:
//! from the moment in which the webhook is out they are shown as called off. The request does what
//! little there usually is; the rest is the worker's, which also finds what a process that ended in
//! between has left.

use super::Service;
use super::webhooks::cancel;
use crate::store::deliveries::{ended_waiting, waiting_of};
use crate::store::{StoreError, WriteTx};

/// Deliveries that one transaction calls off.
pub const CALLED_OFF_AT_ONCE: usize = 250;

impl Service {
    /// Calls off one batch; answers how many deliveries that were, and nothing where none waits.
    pub(super) async fn step_endings(&self) -> Result<Option<usize>, StoreError> {
        let Some(webhook_seq) = self.store().read(ended_waiting).await? else {
            return Ok(None);
        };
        let batch = move |tx: &mut WriteTx<'_>| {
            let waiting = waiting_of(tx, webhook_seq, CALLED_OFF_AT_ONCE)?;
            for seq in &waiting {
                cancel(tx, *seq)?;
            }
            Ok::<_, StoreError>(waiting.len())
        };
        let canceled = self.store().settle(batch).await?;
        // A count that says more than there is must not keep anybody busy for ever.
        Ok((canceled > 0).then_some(canceled))
    }

    /// Calls off the first batch and leaves the rest to the worker.
    pub(super) async fn begin_calling_off(&self) -> Result<(), StoreError> {
        let canceled = self.step_endings().await?;
        if canceled == Some(CALLED_OFF_AT_ONCE) {
            let wake = |tx: &mut WriteTx<'_>| {
                tx.notices().jobs_changed = true;
                Ok::<_, StoreError>(())
            };
            self.store().settle(wake).await?;
        }
        Ok(())
    }
}
