//! What is said after something was done to a webhook, to whoever did it.
//!
//! Owns: these sentences. Refuses: doing it, and whose page says so.

use crate::domain::time::Timestamp;

/// After it was enabled.
pub const ENABLED: &str = "Enabled: what was held goes on now. What it missed can be recovered.";
/// After it was disabled.
pub const DISABLED: &str =
    "Disabled: it gets nothing new, and what waits is held until it is enabled.";

/// After its secret was rotated; old ones may stay valid for a while.
#[must_use]
pub fn rotated_words(old_until: Option<Timestamp>) -> String {
    match old_until {
        Some(until) => format!("The secret was rotated. Old secrets stay valid until {until}."),
        None => "The secret was rotated. Old secrets are not valid any more.".to_owned(),
    }
}

/// Where something else than the name of the webhook called `called` was typed.
#[must_use]
pub fn unconfirmed_words(called: &str) -> String {
    format!("Nothing was done: type the webhook's name, {called}, to confirm.")
}
