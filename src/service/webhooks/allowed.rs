//! Which settings may follow on which.
//!
//! Owns: asking each rule that compares a webhook's settings with those before. Refuses: the rules.

use super::subscribing::check_pins;
use super::way::check_way;
use crate::domain::webhook::WebhookSettings;
use crate::service::{Caller, Refusal};
use crate::store::WriteTx;

/// Checks settings that a caller wants in the place of those `before`.
pub(super) fn check_change(
    tx: &WriteTx<'_>,
    caller: &Caller,
    before: &WebhookSettings,
    after: &WebhookSettings,
) -> Result<(), Refusal> {
    check_way(tx, caller, before.via, after)?;
    let pins = [before, after].map(|settings| settings.subscription.pins());
    check_pins(tx, caller, pins)
}
