//! The demo's receivers.
//!
//! Owns: how each of them answers. Refuses: looking at what arrives; that is what `listen` is for.
//!
//! # Why no chance
//! Each receiver counts its requests and goes by the number, so that every demo tells the same story,
//! and a test can tell what it will be.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::cli::receiver::{Judge, Received, ReceiverReply};

/// A day is lived in seconds: what takes long takes this part of it meanwhile.
const HURRY: u32 = 50;

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

/// All receivers, as they are now.
#[derive(Default)]
pub(super) struct Moods {
    /// How often each was asked, in the order of [`Mood::ALL`].
    asked: [AtomicU64; Mood::ALL.len()],
    at_leisure: AtomicBool,
}

impl Moods {
    /// Answers each path in its mood.
    pub(super) fn judge(self: &Arc<Self>) -> Judge {
        let moods = Arc::clone(self);
        Arc::new(move |received: Received| moods.answer(&received.path))
    }

    /// From now on answers take the time that they take.
    pub(super) fn slow_down(&self) {
        self.at_leisure.store(true, Ordering::Relaxed);
    }

    fn answer(&self, path: &str) -> ReceiverReply {
        let found = Mood::ALL.iter().position(|mood| mood.path() == path);
        let place = found.unwrap_or_default();
        let number = self.asked[place].fetch_add(1, Ordering::Relaxed);
        let reply = Mood::ALL[place].reply(spread(number));
        match self.at_leisure.load(Ordering::Relaxed) {
            true => reply,
            false => ReceiverReply {
                delay: reply.delay / HURRY,
                ..reply
            },
        }
    }
}

/// The fraction of `number` golden ratios: evenly spread, and never the same few in turn.
pub(super) fn spread(number: u64) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    (number as f64 * GOLDEN).fract()
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

    #[test]
    fn the_same_story_is_told_each_time_and_first_in_a_hurry() {
        let [first, second] = [Moods::default(), Moods::default()];
        let answers = |moods: &Moods| {
            let asked = (0..40).map(|_| moods.answer("/flaky").status);
            asked.collect::<Vec<_>>()
        };
        let told = answers(&first);
        assert_eq!(told, answers(&second));
        let failed = told.iter().filter(|status| **status >= 400).count();
        assert!((8..=20).contains(&failed), "{told:?}");
        assert!(first.answer("/slow").delay < Duration::from_millis(100));
        first.slow_down();
        assert!(first.answer("/slow").delay >= Duration::from_secs(1));
    }
}
