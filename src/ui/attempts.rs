//! A delivery's attempts as a timeline.
//!
//! Owns: a line for each with its place on an axis from the delivery's making to its latest instant,
//! what lies between two, and where one is shown whole. Refuses: showing one whole ([`super::exchange`]).

use std::time::Duration;

use super::exchange::{Bodies, outcome};
use super::parts::stamp::{Stamp, lasting, took};
use super::parts::url_query::with_query;
use crate::domain::attempt::{Attempt, AttemptTrigger};
use crate::domain::delivery::Delivery;
use crate::domain::time::Timestamp;

/// Attempts that the timeline shows; the oldest are left out.
pub const ATTEMPTS_SHOWN: usize = 25;

/// An attempt as the timeline shows it.
#[derive(Clone, Debug)]
pub struct AttemptLine {
    /// Its number.
    pub number: u32,
    /// What came back.
    pub outcome: String,
    /// Whether that was a 2xx.
    pub good: bool,
    /// Who asked for it, where it was not the schedule.
    pub by: &'static str,
    /// When it started.
    pub at: Stamp,
    /// How long it took.
    pub took: String,
    /// Where on the axis it began, and how much of it it took.
    pub mark: AxisMark,
    /// How long after the one before it began; empty for the first.
    pub gap: String,
    /// Where it is shown whole.
    pub address: String,
    /// Whether it is shown whole here.
    pub shown: bool,
}

/// How long the axis is.
pub const AXIS_LENGTH: u64 = 1000;
/// The least that a mark takes of it, so that it can be seen.
const MARK_LENGTH: u64 = 8;

/// A piece of the axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AxisMark {
    /// Where it begins.
    pub x: u64,
    /// How long it is.
    pub width: u64,
}

/// From the making of a delivery, or of the first of several, to the latest instant that is known, past
/// or planned.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    begin: Timestamp,
    length: Duration,
}

impl Axis {
    /// The axis of `delivery` with these attempts, and those that are planned.
    #[must_use]
    pub fn of(delivery: &Delivery, attempts: &[Attempt], planned: &[Timestamp]) -> Self {
        let begin = delivery.created_at;
        let ends = attempts.iter().map(|one| {
            let took = Duration::from_millis(u64::from(one.duration_ms));
            one.started_at.after(took)
        });
        let planned = planned.iter().copied();
        Self::between(begin, ends.chain(planned).max().unwrap_or(begin))
    }

    /// Where attempts lie that are planned.
    #[must_use]
    pub fn planned(&self, planned: &[Timestamp]) -> Vec<AxisMark> {
        let marks = planned.iter().map(|at| self.mark(*at, Duration::ZERO));
        marks.collect()
    }

    /// The axis from `begin` to `end`.
    #[must_use]
    pub fn between(begin: Timestamp, end: Timestamp) -> Self {
        Self {
            begin,
            length: end.since(begin).max(Duration::from_millis(1)),
        }
    }

    /// Where something that began `at` and lasted so long lies.
    #[must_use]
    pub fn mark(&self, at: Timestamp, lasted: Duration) -> AxisMark {
        let share = |part: Duration| {
            let share = part.as_millis() * u128::from(AXIS_LENGTH) / self.length.as_millis();
            u64::try_from(share).map_or(AXIS_LENGTH, |share| share.min(AXIS_LENGTH))
        };
        let width = share(lasted).max(MARK_LENGTH);
        AxisMark {
            x: share(at.since(self.begin)).min(AXIS_LENGTH - width),
            width,
        }
    }
}

/// Where the delivery at `page` shows `attempt` whole.
#[must_use]
pub fn attempt_address(page: &str, attempt: Option<&Attempt>, form: Bodies) -> String {
    let number = attempt.map(|attempt| attempt.number.to_string());
    let raw = if form == Bodies::Raw { "raw" } else { "" };
    let parameters = [
        ("attempt", number.as_deref().unwrap_or("")),
        ("bodies", raw),
    ];
    with_query(page, &parameters)
}

/// The lines of a delivery's attempts, newest first; `page` is where the delivery is shown.
#[must_use]
pub fn attempt_lines(
    page: &str,
    attempts: &[Attempt],
    shown: Option<&Attempt>,
    form: Bodies,
    axis: Axis,
) -> Vec<AttemptLine> {
    let gap = |place: usize, attempt: &Attempt| {
        let before = place.checked_sub(1).map(|before| &attempts[before]);
        let since = before.map(|before| attempt.started_at.since(before.started_at));
        since.map_or_else(String::new, lasting)
    };
    let line = |(place, attempt): (usize, &Attempt)| AttemptLine {
        number: attempt.number,
        outcome: outcome(attempt),
        good: attempt.error_kind.is_none(),
        by: match attempt.trigger {
            AttemptTrigger::Schedule => "",
            AttemptTrigger::Manual => "asked for by hand",
            AttemptTrigger::Test => "a test",
        },
        at: Stamp(attempt.started_at),
        took: took(attempt.duration_ms),
        mark: axis.mark(
            attempt.started_at,
            Duration::from_millis(u64::from(attempt.duration_ms)),
        ),
        gap: gap(place, attempt),
        address: attempt_address(page, Some(attempt), form),
        shown: shown.is_some_and(|one| one.number == attempt.number),
    };
    attempts
        .iter()
        .enumerate()
        .rev()
        .take(ATTEMPTS_SHOWN)
        .map(line)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn marks_lie_where_their_time_is_and_never_beyond_the_axis() {
        let axis = Axis {
            begin: at(0),
            length: Duration::from_secs(100),
        };
        let mark = |start, lasted| {
            let mark = axis.mark(at(start), Duration::from_secs(lasted));
            (mark.x, mark.width)
        };
        assert_eq!(mark(0, 10), (0, 100));
        assert_eq!(mark(50, 0), (500, MARK_LENGTH));
        assert_eq!(mark(100, 0), (AXIS_LENGTH - MARK_LENGTH, MARK_LENGTH));
        // A clock that went back or on draws nothing outside.
        assert_eq!(mark(-5, 500), (0, AXIS_LENGTH));
        assert_eq!(mark(500, 1), (AXIS_LENGTH - 10, 10));
    }
}
