//! What a caller says of batches.
//!
//! Owns: the two values. Refuses: their bounds (`domain::batch`).

/// When several deliveries go out in one request, as a caller says it.
#[derive(Clone, Debug)]
pub struct BatchInput {
    /// Events of one request, at most.
    pub max: i64,
    /// How long the first of them waits for others.
    pub wait: String,
}
