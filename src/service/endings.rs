//! Putting right what a sudden end left half done.
//!
//! Owns: calling off what still waits for webhooks that are out for good. Refuses: anything that
//! goes on by itself after a restart.
//!
//! # Why something can be left
//! Revoking a webhook stops it in one transaction; what waits for it is called off in batches after
//! that. A process that ends in between leaves deliveries that nobody will ever attempt.

use super::Service;
use super::webhooks::cancel;
use crate::store::deliveries::{waiting_of, webhooks_waiting};
use crate::store::{StoreError, WriteTx, webhooks};

/// Deliveries that one transaction calls off.
const BATCH: usize = 250;

impl Service {
    /// Calls off what waits for webhooks that were revoked or deleted. Answers how many deliveries
    /// that were.
    ///
    /// # Errors
    /// [`StoreError`] where the database cannot be used.
    pub async fn finish_endings(&self) -> Result<usize, StoreError> {
        let ended = self.store().read(|conn| {
            let mut ended = Vec::new();
            for webhook_seq in webhooks_waiting(conn)? {
                if webhooks::is_ended(conn, webhook_seq)? {
                    ended.push(webhook_seq);
                }
            }
            Ok::<_, StoreError>(ended)
        });
        let mut canceled = 0;
        for webhook_seq in ended.await? {
            canceled += self.call_off(webhook_seq).await?;
        }
        Ok(canceled)
    }

    async fn call_off(&self, webhook_seq: i64) -> Result<usize, StoreError> {
        let mut canceled = 0;
        loop {
            let batch = move |tx: &mut WriteTx<'_>| {
                let waiting = waiting_of(tx, webhook_seq, BATCH)?;
                for seq in &waiting {
                    cancel(tx, *seq)?;
                }
                Ok::<_, StoreError>(waiting.len())
            };
            let done = self.store().settle(batch).await?;
            canceled += done;
            if done < BATCH {
                return Ok(canceled);
            }
        }
    }
}
