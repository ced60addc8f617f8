//! Tests that were under way when the process ended.
//!
//! Owns: ending them. Refuses: repeating them; nobody waits for them any more.

use crate::domain::attempt::AttemptTrigger;
use crate::domain::delivery::{LastAttempt, StepInput};
use crate::domain::outcome::{FailureKind, Verdict};
use crate::domain::retry::RetryPolicy;
use crate::store::deliveries;
use crate::store::{Store, StoreError};

/// Interrupted tests that are put right at start.
const INTERRUPTED_MAX: usize = 1000;

/// Ends the tests that were under way when the process ended: nobody waits for them any more.
pub(super) fn end_interrupted_tests(store: &Store) -> Result<(), StoreError> {
    let interrupted =
        store.read_blocking(|conn| deliveries::interrupted_tests(conn, INTERRUPTED_MAX))?;
    if interrupted.is_empty() {
        return Ok(());
    }
    store.write_blocking(move |tx| {
        for delivery in &interrupted {
            let input = StepInput::Attempted {
                trigger: AttemptTrigger::Test,
                started_at: tx.now(),
                verdict: Verdict::Failed {
                    kind: FailureKind::Connect,
                    retry_after: None,
                    status: None,
                },
            };
            let (old, now) = (delivery.progress, tx.now());
            let policy = RetryPolicy::standard();
            let next = crate::domain::delivery::step(old, input, &policy, now, 0.0)
                .expect("an attempt is never an illegal input");
            let place = delivery.place();
            let last = LastAttempt {
                status_code: None,
                error_kind: Some(FailureKind::Connect),
                error: Some("the sender stopped while the test was under way"),
                duration_ms: 0,
            };
            deliveries::set_progress(tx, place, &old, &next, Some(&last))?;
            deliveries::discard(tx, place.seq)?;
        }
        Ok::<_, StoreError>(())
    })
}
