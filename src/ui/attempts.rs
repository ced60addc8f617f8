//! A delivery's attempts as a timeline.
//!
//! Owns: a line for each, and where it is shown whole. Refuses: showing one whole ([`super::exchange`]).

use super::exchange::{Bodies, outcome};
use super::parts::stamp::{Stamp, took};
use super::parts::url_query::with_query;
use crate::domain::attempt::{Attempt, AttemptTrigger};

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
    /// The same as a share of the longest, in percent.
    pub width: u32,
    /// Where it is shown whole.
    pub address: String,
    /// Whether it is shown whole here.
    pub shown: bool,
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
) -> Vec<AttemptLine> {
    let longest = attempts
        .iter()
        .map(|attempt| attempt.duration_ms)
        .max()
        .unwrap_or(1);
    let line = |attempt: &Attempt| AttemptLine {
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
        width: (attempt.duration_ms * 100)
            .div_ceil(longest.max(1))
            .clamp(1, 100),
        address: attempt_address(page, Some(attempt), form),
        shown: shown.is_some_and(|one| one.number == attempt.number),
    };
    attempts
        .iter()
        .rev()
        .take(ATTEMPTS_SHOWN)
        .map(line)
        .collect()
}
