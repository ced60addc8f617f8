//! Who is told why something failed, and what of it.
//!
//! Owns: what a platform's customers are told of a failure that is not their receiver's doing. Refuses:
//! the failure's own text, which is recorded for who runs hookpost, and knowing who asks (`service`).

use super::attempt::Attempt;
use super::delivery::Delivery;
use super::outcome::FailureKind;

/// Who hears of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hearer {
    /// The platform: it is told everything.
    Platform,
    /// One of its customers: nothing of the way out, the guard, or what lies on the disk.
    Customer,
}

/// What is said of a failure without a kind: what was to be sent can't be read.
const UNREADABLE: &str = "What was to be sent is damaged, so nothing was sent.";

/// What customers are told in place of the text that was recorded; `None` where the receiver did it, whose
/// owner has to know the text.
#[must_use]
pub fn for_customers(kind: FailureKind) -> Option<&'static str> {
    match kind {
        FailureKind::Timeout
        | FailureKind::Dns
        | FailureKind::Connect
        | FailureKind::Tls
        | FailureKind::Protocol
        | FailureKind::Status
        | FailureKind::Redirect => None,
        FailureKind::Blocked => {
            Some("The destination is an address that must not be called, so nothing was sent.")
        }
        FailureKind::Template => {
            Some("The webhook's template gives no body for this event, so nothing was sent.")
        }
        FailureKind::OAuth2 => {
            Some("The token endpoint gave no access token, so nothing was sent.")
        }
        FailureKind::Proxy => Some("The way out to your receiver was closed, so nothing was sent."),
    }
}

fn text(kind: Option<FailureKind>, recorded: Option<String>) -> Option<String> {
    let recorded = recorded?;
    let said = kind.map_or(Some(UNREADABLE), for_customers);
    Some(said.map_or(recorded, str::to_owned))
}

impl Delivery {
    /// The delivery with no more of its failures than `hearer` is told.
    #[must_use]
    pub fn told_to(mut self, hearer: Hearer) -> Self {
        match hearer {
            Hearer::Platform => {}
            Hearer::Customer => {
                self.last_error = text(self.last_error_kind, self.last_error);
                // Whether the platform's own alert target answers is the platform's.
                self.alert_error = None;
            }
        }
        self
    }
}

impl Attempt {
    /// The attempt with no more of its failure than `hearer` is told.
    #[must_use]
    pub fn told_to(mut self, hearer: Hearer) -> Self {
        match hearer {
            Hearer::Platform => {}
            Hearer::Customer => {
                self.error = text(self.error_kind, self.error);
                // What a name means inside the platform's network is no customer's to learn.
                self.remote_addr = None;
            }
        }
        self
    }
}
