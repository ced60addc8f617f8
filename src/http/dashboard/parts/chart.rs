//! Charts, drawn by the server: the same for who has no script, and within a few KiB.
//!
//! Owns: stacked bars of outcomes, lines of answer times, their axes, their words and tables.
//! Refuses: choosing what is charted.

use askama::Template;
use askama::filters::HtmlSafe;

use super::stamp::{Stamp, took};
use super::{counted, grouped};
use crate::domain::time::Timestamp;
use crate::service::stats::Stats;
use crate::store::stats::Latency;

/// The drawing's width, in its own units.
const WIDTH: u64 = 720;
/// The height of the bars' field.
const HEIGHT: u64 = 140;
/// Bars of a chart at most; finer steps are put together.
pub const BARS_MAX: usize = 60;

/// A part of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    class: &'static str,
    y: u64,
    height: u64,
}

/// A step of the chart.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Bar {
    x: u64,
    parts: Vec<Part>,
    at: Stamp,
    good: String,
    bad: String,
}

/// Stacked bars: attempts that succeeded and that failed.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/bars.html")]
pub struct Bars {
    bars: Vec<Bar>,
    bar_width: u64,
    top: String,
    words: String,
    first: Stamp,
    last: Stamp,
}

impl HtmlSafe for Bars {}

/// What happened in one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Step {
    at: Timestamp,
    good: u64,
    bad: u64,
}

impl Bars {
    /// The attempts of a period.
    #[must_use]
    pub fn of(stats: &Stats) -> Self {
        let steps = steps(stats);
        let peak = steps
            .iter()
            .map(|step| step.good + step.bad)
            .max()
            .unwrap_or(0);
        let top = round_up(peak);
        let slot = WIDTH / (steps.len().max(1) as u64);
        let gap = if slot > 4 { 2 } else { 1 };
        let bars = steps.iter().enumerate();
        let (good, bad) = steps.iter().fold((0, 0), |(good, bad), step| {
            (good + step.good, bad + step.bad)
        });
        Self {
            bars: bars
                .map(|(place, step)| bar(place as u64 * slot, step, top))
                .collect(),
            bar_width: slot.saturating_sub(gap).max(1),
            top: grouped(top),
            words: format!(
                "{} succeeded and {} failed",
                counted(good, "attempt", "attempts"),
                grouped(bad)
            ),
            first: Stamp(stats.since),
            last: Stamp(stats.until),
        }
    }

    fn shown(&self) -> impl Iterator<Item = &Bar> {
        self.bars.iter().filter(|bar| !bar.parts.is_empty())
    }

    fn is_empty(&self) -> bool {
        self.shown().next().is_none()
    }
}

/// A point of a line of answer times.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Point {
    at: Stamp,
    p50: String,
    p95: String,
}

/// Lines: what half, and what 95 of 100 attempts did not exceed.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/lines.html")]
pub struct Lines {
    p50: String,
    p95: String,
    top: String,
    words: String,
    points: Vec<Point>,
    first: Stamp,
    last: Stamp,
}

impl HtmlSafe for Lines {}

impl Lines {
    /// Answer times between `since` and `until`.
    #[must_use]
    pub fn of(latency: &[Latency], since: Timestamp, until: Timestamp) -> Self {
        let peak = latency.iter().map(|one| one.p95_ms).fold(0.0, f64::max);
        let top = round_up(whole(peak));
        let line = |value: fn(&Latency) -> f64| {
            let points: Vec<String> = latency
                .iter()
                .map(|one| place(one.at, value(one), since, until, top))
                .collect();
            points.join(" ")
        };
        let last = latency.last();
        Self {
            p50: line(|one| one.p50_ms),
            p95: line(|one| one.p95_ms),
            top: took(u32::try_from(top).unwrap_or(u32::MAX)),
            words: last.map_or_else(String::new, |last| {
                format!(
                    "Answer times over time; lately p50 {}, p95 {}",
                    about(last.p50_ms),
                    about(last.p95_ms)
                )
            }),
            points: latency
                .iter()
                .map(|one| Point {
                    at: Stamp(one.at),
                    p50: about(one.p50_ms),
                    p95: about(one.p95_ms),
                })
                .collect(),
            first: Stamp(since),
            last: Stamp(until),
        }
    }
}

/// A point in the drawing's units.
fn place(at: Timestamp, ms: f64, since: Timestamp, until: Timestamp, top: u64) -> String {
    let span = until.since(since).as_millis().max(1);
    let x = at.since(since).as_millis() * u128::from(WIDTH) / span;
    let high = whole(ms) * HEIGHT / top.max(1);
    format!("{x},{}", HEIGHT.saturating_sub(high))
}

fn about(ms: f64) -> String {
    took(u32::try_from(whole(ms)).unwrap_or(u32::MAX))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "durations are positive and the cast saturates"
)]
fn whole(ms: f64) -> u64 {
    ms.round() as u64
}

fn steps(stats: &Stats) -> Vec<Step> {
    let together = stats.series.len().div_ceil(BARS_MAX).max(1);
    let sum = |steps: &[crate::store::stats::Bucket]| Step {
        at: steps.first().map_or(stats.since, |step| step.at),
        good: steps
            .iter()
            .map(|step| step.attempts.saturating_sub(step.failures))
            .sum(),
        bad: steps.iter().map(|step| step.failures).sum(),
    };
    stats.series.chunks(together).map(sum).collect()
}

fn bar(x: u64, step: &Step, top: u64) -> Bar {
    let height = |count: u64| match count {
        0 => 0,
        count => (count * HEIGHT / top.max(1)).max(2),
    };
    let (good, bad) = (height(step.good), height(step.bad));
    let mut parts = Vec::with_capacity(2);
    if good > 0 {
        parts.push(Part {
            class: "s-good",
            y: HEIGHT.saturating_sub(good),
            height: good,
        });
    }
    if bad > 0 {
        parts.push(Part {
            class: "s-bad",
            y: HEIGHT.saturating_sub(good + bad),
            height: bad,
        });
    }
    Bar {
        x,
        parts,
        at: Stamp(step.at),
        good: grouped(step.good),
        bad: grouped(step.bad),
    }
}

/// The next number that reads well on an axis.
fn round_up(peak: u64) -> u64 {
    let mut size = 1_u64;
    loop {
        for step in [1, 2, 5] {
            if let Some(top) = size.checked_mul(step)
                && top >= peak
            {
                return top;
            }
        }
        match size.checked_mul(10) {
            Some(next) => size = next,
            None => return peak,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_numbers_that_read_well() {
        fn check(peak: u64, expect: u64) {
            assert_eq!(round_up(peak), expect);
        }
        check(0, 1);
        check(1, 1);
        check(3, 5);
        check(11, 20);
        check(4999, 5000);
    }

    #[test]
    fn a_bar_stacks_failures_on_successes_and_shows_the_smallest_of_either() {
        let step = Step {
            at: Timestamp::default(),
            good: 1000,
            bad: 1,
        };
        let bar = bar(0, &step, 1000);
        assert_eq!((bar.parts[0].y, bar.parts[0].height), (0, HEIGHT));
        assert_eq!(bar.parts[1].height, 2);
    }
}
