//! What a test of a webhook came to, in words.
//!
//! Owns: the words. Refuses: sending one.

use super::explain::explain_to_customers;
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
        Self::saying(delivery, |error| format!("{error} ({took})."))
    }

    /// As [`TestResult::of`], for a customer of the platform: what the failure means, in words that every
    /// language has.
    #[must_use]
    pub fn for_customers(delivery: &Delivery) -> Self {
        let explained = explain_to_customers(delivery.last_error_kind, None);
        Self::saying(delivery, |error| {
            explained.map_or_else(|| error.to_owned(), |explained| explained.cause.to_owned())
        })
    }

    fn saying(delivery: &Delivery, unanswered: impl FnOnce(&str) -> String) -> Self {
        let took = delivery.last_duration_ms.map(took).unwrap_or_default();
        let words = match (delivery.last_status_code, &delivery.last_error) {
            (Some(code), _) => format!("The receiver answered {code} after {took}."),
            (None, Some(error)) => unanswered(error),
            (None, None) => "The test is still under way.".to_owned(),
        };
        Self {
            good: delivery.last_error_kind.is_none() && delivery.last_status_code.is_some(),
            words,
            delivery: delivery.id.to_string(),
        }
    }
}
