//! States, each with a picture, a word and a colour: none of the three is needed to tell them apart.
//!
//! Owns: the words and tones of delivery, webhook and job states. Refuses: the states themselves.

use askama::Template;
use askama::filters::HtmlSafe;

use super::{Icon, icon};
use crate::domain::breaker::DisabledReason;
use crate::domain::delivery::Status;
use crate::domain::job::JobStatus;
use crate::domain::webhook::WebhookState;
use crate::ui::speech::filters;

/// What a colour says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Worth a look.
    Warn,
    /// Needs somebody.
    Bad,
    /// News without a judgement.
    Info,
    /// Nothing to see.
    Calm,
}

impl Tone {
    /// The class in the style sheet.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Info => "info",
            Self::Calm => "calm",
        }
    }

    /// The picture that goes with it.
    #[must_use]
    pub fn icon(self) -> Icon {
        icon(match self {
            Self::Good => "check",
            Self::Warn => "alert",
            Self::Bad => "cross",
            Self::Info => "info",
            Self::Calm => "dot",
        })
    }
}

/// A state as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(
    source = r#"<span class="badge {{ tone.class() }}">{{ icon }}{{ word|say }}</span>"#,
    ext = "html"
)]
pub struct Badge {
    tone: Tone,
    icon: Icon,
    word: &'static str,
}

impl HtmlSafe for Badge {}

impl Badge {
    /// A state of some other kind.
    #[must_use]
    pub const fn new(tone: Tone, picture: &'static str, word: &'static str) -> Self {
        let icon = icon(picture);
        Self { tone, icon, word }
    }

    /// A delivery's.
    #[must_use]
    pub fn delivery(status: Status) -> Self {
        match status {
            Status::Scheduled => Self::new(Tone::Calm, "clock", "scheduled"),
            Status::Pending => Self::new(Tone::Info, "clock", "pending"),
            Status::Retrying => Self::new(Tone::Warn, "retry", "retrying"),
            Status::Delivered => Self::new(Tone::Good, "check", "delivered"),
            Status::Exhausted => Self::new(Tone::Bad, "cross", "exhausted"),
            Status::Canceled => Self::new(Tone::Calm, "slash", "canceled"),
        }
    }

    /// A webhook's; one that is active but fails says so.
    #[must_use]
    pub fn webhook(state: WebhookState, consecutive_failures: u32) -> Self {
        match state {
            WebhookState::Active if consecutive_failures > 0 => {
                Self::new(Tone::Warn, "alert", "failing")
            }
            WebhookState::Active => Self::new(Tone::Good, "check", "active"),
            WebhookState::Disabled {
                reason: DisabledReason::Manual,
                ..
            } => Self::new(Tone::Calm, "pause", "disabled"),
            WebhookState::Disabled { .. } => Self::new(Tone::Bad, "pause", "disabled"),
            WebhookState::Revoked => Self::new(Tone::Calm, "slash", "revoked"),
        }
    }

    /// A job's.
    #[must_use]
    pub fn job(status: JobStatus) -> Self {
        match status {
            JobStatus::Running => Self::new(Tone::Info, "clock", "running"),
            JobStatus::Done => Self::new(Tone::Good, "check", "done"),
            JobStatus::Failed => Self::new(Tone::Bad, "cross", "failed"),
            JobStatus::Canceled => Self::new(Tone::Calm, "slash", "canceled"),
        }
    }
}

/// Why a webhook is disabled, in words.
#[must_use]
pub fn disabled_words(reason: DisabledReason) -> &'static str {
    match reason {
        DisabledReason::Manual => "a person disabled it",
        DisabledReason::CircuitBreaker => "the circuit breaker disabled it after too many failures",
        DisabledReason::Gone => "its receiver answered 410 Gone",
        DisabledReason::Corrupt => {
            "what is stored of it can't be read: rotate its secret, or register it anew"
        }
    }
}
