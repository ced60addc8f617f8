//! Which of two kinds of attempt it is: they have separate shares of the slots.

/// Which share of the slots an attempt uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Priority {
    /// First attempts, and what a person wants now.
    First,
    /// Retries.
    Retry,
}
