//! How one receiver has been answering, and how many slots it has earned by that.
//!
//! Owns: the window, the pause that a receiver asked for, what is overdue. Refuses: sharing slots
//! among lanes (`shares`), and the law that disables a webhook (`domain::breaker`).
//!
//! # Slots are earned by answering
//! A lane starts with a small window. Each success that found it in use widens it by one, so that
//! it doubles with each round of answers and a quick receiver has all that its webhook allows in
//! milliseconds; one that is asked little keeps a small window. Where nothing comes back in time
//! the window shrinks to a single probe, and so it does for as long as something is overdue.
//!
//! # Slow is not hanging
//! A receiver that takes five seconds for each answer is served as well as its answers let it be:
//! what is overdue is measured by what it usually takes. It shares the slots with what hangs all
//! the same, because what it takes is gone for long.
//!
//! # A receiver may ask for a pause
//! `Retry-After` on 429 or 503 is about the receiver, not about one delivery: the lane starts
//! nothing before that instant, and begins with a single probe then.

use std::collections::VecDeque;
use std::time::Duration;

use super::shares::LaneStanding;
use crate::domain::retry::RETRY_AFTER_MAX;
use crate::domain::time::Timestamp;

/// What an exchange may take before its lane counts as slow.
const SLOW_AFTER: Duration = Duration::from_secs(1);
/// So many times what a receiver usually takes, and an exchange is overdue.
const OVERDUE_FACTOR: u32 = 2;
/// The window of a lane of which nothing is known.
const WINDOW_START: u32 = 2;
/// The window of a lane that hangs, fails to answer, or comes out of a pause.
const PROBE: u32 = 1;
/// After so many failures in a row a lane gets a fraction of its slots.
const FAILING_AFTER: u32 = 5;
/// That fraction's divisor.
const FAILING_SHARE: u32 = 8;

/// What came of an exchange, as far as slots are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Ended {
    /// The receiver took it.
    Taken,
    /// It answered something else.
    Answered,
    /// It asked for a pause.
    AskedToWait(Duration),
    /// No answer came.
    Unanswered,
}

/// How one receiver has been answering.
#[derive(Debug)]
pub(super) struct TrackRecord {
    window: u32,
    failures: u32,
    last: LaneStanding,
    /// What an answer usually takes.
    usual: Duration,
    paused_until: Option<Timestamp>,
    /// What is under way and when it began, oldest first.
    began: VecDeque<UnderWay>,
}

/// An exchange under way.
#[derive(Clone, Copy, Debug)]
struct UnderWay {
    seq: i64,
    at: Timestamp,
    /// Whether half of the window or more was in use with it.
    found_in_use: bool,
}

impl Default for TrackRecord {
    fn default() -> Self {
        Self {
            window: WINDOW_START,
            failures: 0,
            last: LaneStanding::Unknown,
            usual: Duration::ZERO,
            paused_until: None,
            began: VecDeque::new(),
        }
    }
}

impl TrackRecord {
    /// An attempt begins.
    pub(super) fn began(&mut self, seq: i64, now: Timestamp) {
        let under_way = self.began.len() + 1;
        self.began.push_back(UnderWay {
            seq,
            at: now,
            found_in_use: under_way * 2 >= self.window as usize,
        });
    }

    /// An exchange ended. `max` is what the webhook allows.
    pub(super) fn ended(&mut self, seq: i64, ended: Ended, max: u32, now: Timestamp) {
        let place = self.began.iter().position(|own| own.seq == seq);
        let begun = place.and_then(|place| self.began.remove(place));
        let took = begun.map_or(Duration::ZERO, |own| now.since(own.at));
        self.last = match ended {
            Ended::Unanswered if took < SLOW_AFTER => LaneStanding::Unknown,
            Ended::Unanswered => LaneStanding::Slow,
            Ended::Taken | Ended::Answered | Ended::AskedToWait(_) => {
                self.usual = self.usual.mul_f64(0.75) + took.mul_f64(0.25);
                if took < SLOW_AFTER {
                    LaneStanding::Answering
                } else {
                    LaneStanding::Slow
                }
            }
        };
        match ended {
            Ended::Taken => {
                self.failures = 0;
                if begun.is_some_and(|own| own.found_in_use) {
                    self.window = (self.window + 1).min(max);
                }
            }
            Ended::Answered => self.failed(max),
            Ended::AskedToWait(wait) => {
                self.failed(max);
                self.window = PROBE;
                let until = now.after(wait.min(RETRY_AFTER_MAX));
                self.paused_until = self.paused_until.max(Some(until));
            }
            Ended::Unanswered => {
                self.failed(max);
                if took >= SLOW_AFTER {
                    self.window = PROBE;
                }
            }
        }
    }

    /// Until when the receiver wants to be left alone.
    pub(super) fn paused_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.paused_until.filter(|until| *until > now)
    }

    /// How many may be under way now.
    pub(super) fn window(&self, max: u32, now: Timestamp) -> u32 {
        if self.is_overdue(now) {
            PROBE
        } else {
            self.earned(max)
        }
    }

    /// How many it has earned, whatever is overdue.
    pub(super) fn earned(&self, max: u32) -> u32 {
        self.window.clamp(1, max.max(1))
    }

    /// How the receiver stands now.
    pub(super) fn standing(&self, now: Timestamp) -> LaneStanding {
        let outstanding = self.oldest().map(|oldest| now.since(oldest));
        if outstanding.is_some_and(|outstanding| outstanding >= SLOW_AFTER) {
            LaneStanding::Slow
        } else {
            self.last
        }
    }

    /// When to look at what is under way again; `None` where nothing is, or all is known already.
    pub(super) fn look_at(&self, now: Timestamp) -> Option<Timestamp> {
        let oldest = self.oldest()?;
        let marks = [SLOW_AFTER, self.overdue_after()];
        let ahead = marks.into_iter().map(|mark| oldest.after(mark));
        ahead.filter(|at| *at > now).min()
    }

    /// Whether something has been under way for longer than it should be.
    pub(super) fn is_overdue(&self, now: Timestamp) -> bool {
        let after = self.overdue_after();
        self.oldest()
            .is_some_and(|oldest| now.since(oldest) >= after)
    }

    /// Somebody set the clock by so much.
    pub(super) fn clock_jumped(&mut self, by_ms: i64) {
        self.paused_until = self.paused_until.map(|until| until.shifted(by_ms));
        for own in &mut self.began {
            own.at = own.at.shifted(by_ms);
        }
    }

    /// Forgets what the receiver was like, but not what is under way: its webhook has changed.
    pub(super) fn forget(&mut self) {
        *self = Self {
            began: std::mem::take(&mut self.began),
            ..Self::default()
        };
    }

    /// The receiver answered well when it was last asked, before this lane was in memory.
    pub(super) fn answered_before(&mut self) {
        if self.last == LaneStanding::Unknown && self.failures == 0 {
            self.last = LaneStanding::Answering;
        }
    }

    fn failed(&mut self, max: u32) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILING_AFTER {
            self.window = self.window.min((max / FAILING_SHARE).max(PROBE));
        }
    }

    fn oldest(&self) -> Option<Timestamp> {
        self.began.front().map(|own| own.at)
    }

    fn overdue_after(&self) -> Duration {
        SLOW_AFTER.max(self.usual * OVERDUE_FACTOR)
    }
}

#[cfg(test)]
impl TrackRecord {
    /// As if the receiver had been answering for long.
    pub(super) fn earn(&mut self, window: u32) {
        self.window = window;
        self.last = LaneStanding::Answering;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: u32 = 256;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000_000 + ms)
    }

    /// Keeps the window full of exchanges that take so long, until `until_ms`.
    fn busy(record: &mut TrackRecord, took_ms: i64, until_ms: i64) {
        let (mut seq, mut now) = (0, 0);
        while now < until_ms {
            let round = i64::from(record.window(MAX, at(now)));
            for own in seq..seq + round {
                record.began(own, at(now));
            }
            now += took_ms;
            for own in seq..seq + round {
                record.ended(own, Ended::Taken, MAX, at(now));
            }
            seq += round;
        }
    }

    #[test]
    fn a_quick_receiver_has_all_that_its_webhook_allows_within_milliseconds() {
        let mut record = TrackRecord::default();
        assert_eq!(record.window(MAX, at(0)), WINDOW_START);
        busy(&mut record, 5, 60);
        assert_eq!(record.window(MAX, at(60)), MAX);
        assert_eq!(record.standing(at(60)), LaneStanding::Answering);
    }

    #[test]
    fn a_slow_receiver_that_answers_earns_slots_too() {
        let mut record = TrackRecord::default();
        busy(&mut record, 5000, 30_000);
        assert!(record.window(MAX, at(30_000)) >= 32);
        assert_eq!(record.standing(at(30_000)), LaneStanding::Slow);
        record.began(-1, at(30_000));
        assert!(!record.is_overdue(at(34_000)), "it usually takes five");
    }

    #[test]
    fn who_is_asked_little_keeps_a_small_window() {
        let mut record = TrackRecord::default();
        for seq in 0..1000 {
            record.began(seq, at(seq * 250));
            record.ended(seq, Ended::Taken, MAX, at(seq * 250 + 5));
        }
        assert!(record.window(MAX, at(0)) <= 3);
    }

    #[test]
    fn what_hangs_shrinks_to_a_probe_before_its_timeout_and_stays_one_after_it() {
        let mut record = TrackRecord::default();
        busy(&mut record, 5, 60);
        for seq in -9..0 {
            record.began(seq, at(60));
        }
        assert_eq!(record.look_at(at(60)), Some(at(1060)));
        assert_eq!(record.window(MAX, at(1059)), MAX);
        assert_eq!(record.window(MAX, at(1060)), PROBE);
        assert_eq!(record.standing(at(1060)), LaneStanding::Slow);
        for seq in -9..0 {
            record.ended(seq, Ended::Unanswered, MAX, at(10_060));
        }
        assert_eq!(record.window(MAX, at(10_060)), PROBE);
        assert_eq!(record.look_at(at(10_060)), None);
    }

    #[test]
    fn one_answer_after_hanging_begins_to_earn_anew() {
        let mut record = TrackRecord::default();
        record.began(1, at(0));
        record.ended(1, Ended::Unanswered, MAX, at(10_000));
        record.began(2, at(10_000));
        record.ended(2, Ended::Taken, MAX, at(10_005));
        assert_eq!(record.standing(at(10_005)), LaneStanding::Answering);
        assert_eq!(record.window(MAX, at(10_005)), PROBE + 1);
    }

    #[test]
    fn a_receiver_that_asks_to_wait_is_left_alone_and_probed_then() {
        let mut record = TrackRecord::default();
        busy(&mut record, 5, 60);
        record.began(-1, at(60));
        let wait = Duration::from_secs(20);
        record.ended(-1, Ended::AskedToWait(wait), MAX, at(65));
        assert_eq!(record.paused_until(at(66)), Some(at(20_065)));
        assert_eq!(record.paused_until(at(20_065)), None);
        assert_eq!(record.window(MAX, at(20_065)), PROBE);
        let long = Ended::AskedToWait(Duration::from_secs(90_000));
        record.ended(-2, long, MAX, at(0));
        assert_eq!(record.paused_until(at(0)), Some(at(3_600_000)));
    }

    #[test]
    fn a_receiver_that_only_refuses_gets_a_fraction_of_its_slots() {
        let mut record = TrackRecord::default();
        busy(&mut record, 5, 60);
        for seq in -5..0 {
            record.began(seq, at(60));
            record.ended(seq, Ended::Answered, MAX, at(61));
        }
        assert_eq!(record.window(MAX, at(61)), MAX / FAILING_SHARE);
    }

    #[test]
    fn a_clock_that_is_set_makes_nothing_overdue() {
        let mut record = TrackRecord::default();
        record.began(1, at(0));
        record.ended(1, Ended::AskedToWait(Duration::from_secs(5)), MAX, at(1));
        record.began(2, at(10));
        record.clock_jumped(3_600_000);
        assert!(!record.is_overdue(at(3_600_020)));
        assert_eq!(record.paused_until(at(3_600_020)), Some(at(3_605_001)));
    }
}
