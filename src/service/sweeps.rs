//! History that is older than anybody wants it leaves.
//!
//! Owns: the instance's limits as the store wants them. Refuses: choosing rows (`store::retention`)
//! and keeping time (`worker`).

use std::time::Duration;

use super::Service;
use crate::store::StoreError;
use crate::store::retention::{self, Limits, Sweep};

/// How long a session stays on the list after its last sign of life: a day, twice as long as it
/// can be used.
pub const SESSIONS_KEPT: Duration = Duration::from_secs(24 * 3600);

impl Service {
    /// Does one bounded step of a sweep; answers where it goes on.
    ///
    /// # Errors
    /// [`StoreError`] where the database cannot be used; then nothing left.
    pub async fn step_sweep(&self, from: Sweep) -> Result<Option<Sweep>, StoreError> {
        let limits = Limits {
            delivered: self.options().retain_delivered,
            exhausted: self.options().retain_exhausted,
            sessions: SESSIONS_KEPT,
        };
        let step = self
            .store()
            .settle(move |tx| retention::step(tx, &limits, from))
            .await?;
        let pruned = step.pruned;
        if !pruned.is_nothing() {
            tracing::debug!(
                deliveries = pruned.deliveries,
                events = pruned.events,
                pages = pruned.pages,
                "history left"
            );
        }
        Ok(step.next)
    }
}
