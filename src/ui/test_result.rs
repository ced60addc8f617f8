//! What a test of a webhook came to, in words.
//!
//! Owns: the words. Refuses: sending one.

use super::parts::took;
use crate::domain::delivery::Delivery;

/// What a test came to.
#[derive(Clone, Debug)]
pub struct TestResult {
    /// Whether it arrived.
    pub good: bool,
    /// In words.
    pub words: String,
    /// Its delivery.
    pub delivery: String,
}

impl TestResult {
    /// What came of the delivery that recorded the test.
    #[must_use]
    pub fn of(delivery: &Delivery) -> Self {
        let took = delivery.last_duration_ms.map(took).unwrap_or_default();
        let words = match (delivery.last_status_code, &delivery.last_error) {
            (Some(code), _) => format!("The receiver answered {code} after {took}."),
            (None, Some(error)) => format!("{error} ({took})."),
            (None, None) => "The test is still under way.".to_owned(),
        };
        Self {
            good: delivery.last_error_kind.is_none() && delivery.last_status_code.is_some(),
            words,
            delivery: delivery.id.to_string(),
        }
    }
}
