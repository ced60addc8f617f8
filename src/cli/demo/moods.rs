//! The demo's receivers.
//!
//! Owns: how each of them answers. Refuses: looking at what arrives; that is what `listen` is for.

use std::sync::Arc;
use std::time::Duration;

use crate::cli::receiver::{Judge, Received, ReceiverReply};
use crate::entropy;

/// A kind of receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    /// Answers at once.
    Steady,
    /// Takes seconds.
    Slow,
    /// Fails every third time or so.
    Flaky,
    /// Always fails.
    Down,
}

impl Mood {
    /// Every mood.
    pub(super) const ALL: [Self; 4] = [Self::Steady, Self::Slow, Self::Flaky, Self::Down];

    /// Where it receives.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Steady => "/steady",
            Self::Slow => "/slow",
            Self::Flaky => "/flaky",
            Self::Down => "/down",
        }
    }

    /// How it answers; `dice` is from 0 to 1.
    fn reply(self, dice: f64) -> ReceiverReply {
        let (status, delay_ms) = match self {
            Self::Steady => (200, 5.0 + 40.0 * dice),
            Self::Slow => (200, 1000.0 + 3000.0 * dice),
            Self::Flaky if dice < 0.2 => (500, 30.0),
            Self::Flaky if dice < 0.35 => (429, 10.0),
            Self::Flaky => (202, 20.0 + 80.0 * dice),
            Self::Down => (503, 15.0),
        };
        ReceiverReply {
            status,
            delay: Duration::from_millis(delay_ms as u64),
        }
    }
}

/// Answers each path in its mood.
pub(super) fn judge() -> Judge {
    Arc::new(|received: Received| {
        let mut moods = Mood::ALL.into_iter();
        let mood = moods.find(|mood| received.path == mood.path());
        mood.unwrap_or(Mood::Steady).reply(entropy::fraction())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moods_are_what_their_names_say() {
        for tenth in 0..10 {
            let dice = f64::from(tenth) / 10.0;
            assert_eq!(Mood::Steady.reply(dice).status, 200);
            assert!(Mood::Slow.reply(dice).delay >= Duration::from_secs(1));
            assert_eq!(Mood::Down.reply(dice).status, 503);
        }
        assert_eq!(Mood::Flaky.reply(0.0).status, 500);
        assert_eq!(Mood::Flaky.reply(0.9).status, 202);
    }
}
