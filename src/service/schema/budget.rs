//! What checking one document may cost.
//!
//! Owns: counting steps and processor time. Refuses: knowing what a step does.
//!
//! # Why both are counted
//! Steps are the same on every machine and every day, so that the same event is always accepted or
//! always refused. The processor's time is the last resort, for patterns that make a text's bytes
//! dear. It is the thread's own time, which passes no faster while others work.

use std::time::Duration;

use crate::clock;

/// Steps that checking one document may take: one for each keyword that looks at a value, for each
/// item or member that it looks at, and for each 32 bytes of a text that it reads.
pub(super) const STEPS_MAX: u64 = 4_000_000;
/// The processor's time that checking one document may take.
pub(super) const CPU_MAX: Duration = Duration::from_secs(2);
/// Bytes of text that are read in one step.
const STEP_BYTES: usize = 32;
/// How many steps pass between two looks at the clock.
const LOOK_EVERY_STEPS: u64 = 16_384;

/// The budget is used up.
pub(super) struct Spent;

/// What is left of a document's budget.
pub(super) struct Budget {
    steps: u64,
    looked_at: u64,
    ends_at: Duration,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self {
            steps: 0,
            looked_at: 0,
            ends_at: clock::thread_cpu() + CPU_MAX,
        }
    }

    pub(super) fn spend(&mut self, steps: usize) -> Result<(), Spent> {
        self.steps = self
            .steps
            .saturating_add(u64::try_from(steps).unwrap_or(u64::MAX));
        if self.steps > STEPS_MAX {
            return Err(Spent);
        }
        if self.steps - self.looked_at >= LOOK_EVERY_STEPS {
            self.looked_at = self.steps;
            if clock::thread_cpu() > self.ends_at {
                return Err(Spent);
            }
        }
        Ok(())
    }

    pub(super) fn read(&mut self, bytes: usize) -> Result<(), Spent> {
        self.spend(1 + bytes / STEP_BYTES)
    }
}
