//! Charts, drawn by the server: the same for who has no script, and within a few KiB.
//!
//! Owns: stacked bars of outcomes, lines of answer times, their axes, their words and tables.
//! Refuses: choosing what is charted.
//!
//! # Why the numbers beside a drawing are not in it
//! A drawing is stretched to the room it has, and text in it would be stretched along: too small on
//! a phone, too large on a wall. So the drawing holds shapes only.

use std::time::Duration;

use askama::Template;
use askama::filters::HtmlSafe;

use super::grouped;
use super::stamp::{Stamp, took};
use crate::domain::stats::{Latency, StatsBucket};
use crate::domain::time::Timestamp;
use crate::service::stats::Stats;

/// The drawing's width, in its own units.
const WIDTH: u64 = 720;
/// The height of the bars' field.
const HEIGHT: u64 = 140;
/// Bars of a chart at most; finer steps are put together.
pub const BARS_MAX: usize = 60;

/// The outcomes that are stacked, from the ground up: class, word.
const OUTCOMES: [(&str, &str); 4] = [
    ("s-good", "delivered"),
    ("s-warn", "failed and retried"),
    ("s-bad", "gave up"),
    ("s-calm", "canceled"),
];
/// Labels below a chart.
const TICKS: u32 = 5;
/// Up to this length of a period, they say the time of day.
const TICKS_OF_DAY_MAX: Duration = Duration::from_secs(48 * 3600);
/// Points of a line up to which each is marked: a line of one point would not be seen.
const MARKED_MAX: usize = 12;

/// A label of the time axis. It is drawn in UTC; the script turns it into the reader's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Template)]
#[template(
    source = r#"<time datetime="{{ at }}" data-tick="{{ precision() }}">{{ words() }}</time>"#,
    ext = "html"
)]
struct Tick {
    at: Timestamp,
    days: bool,
}

impl HtmlSafe for Tick {}

impl Tick {
    fn all(since: Timestamp, until: Timestamp) -> Vec<Self> {
        let span = until.since(since);
        let days = span > TICKS_OF_DAY_MAX;
        let tick = |place| Self {
            at: since.after(span * place / (TICKS - 1)),
            days,
        };
        (0..TICKS).map(tick).collect()
    }

    fn precision(self) -> &'static str {
        if self.days { "day" } else { "clock" }
    }

    fn words(self) -> String {
        let text = self.at.to_string();
        let part = if self.days { 5..10 } else { 11..16 };
        text.get(part).unwrap_or_default().to_owned()
    }
}

/// The numbers beside a chart: its top, and its middle where that is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Scale {
    top: String,
    middle: String,
}

impl Scale {
    fn of(top: u64, words: impl Fn(u64) -> String) -> Self {
        let halves = top.is_multiple_of(2);
        Self {
            top: words(top),
            middle: if halves {
                words(top / 2)
            } else {
                String::new()
            },
        }
    }
}

/// A step of the chart's table.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Bar {
    at: Stamp,
    counts: Vec<String>,
}

/// All bars of one outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Layer {
    class: &'static str,
    word: &'static str,
    path: String,
}

/// Stacked bars: what became of each step's attempts.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/bars.html")]
pub struct Bars {
    bars: Vec<Bar>,
    layers: Vec<Layer>,
    scale: Scale,
    words: String,
    ticks: Vec<Tick>,
    /// For the script, which shows the step under the pointer: where the first begins, and how
    /// long each is, in milliseconds.
    since_ms: i64,
    step_ms: u64,
    steps: usize,
}

impl HtmlSafe for Bars {}

/// What happened in one step, in the order of [`OUTCOMES`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct ChartStep {
    at: Timestamp,
    counts: [u64; OUTCOMES.len()],
}

impl ChartStep {
    fn of(buckets: &[StatsBucket]) -> Self {
        let sum = |part: fn(&StatsBucket) -> u64| buckets.iter().map(part).sum::<u64>();
        let exhausted = sum(|bucket| bucket.exhausted);
        Self {
            at: buckets
                .first()
                .map_or_else(Timestamp::default, |first| first.at),
            counts: [
                sum(|bucket| bucket.attempts.saturating_sub(bucket.failures)),
                sum(|bucket| bucket.failures).saturating_sub(exhausted),
                exhausted,
                sum(|bucket| bucket.canceled),
            ],
        }
    }

    fn height(&self) -> u64 {
        self.counts.iter().sum()
    }
}

impl Bars {
    /// The outcomes of a period.
    #[must_use]
    pub fn of(stats: &Stats) -> Self {
        let together = stats.series.len().div_ceil(BARS_MAX).max(1);
        let steps: Vec<ChartStep> = stats.series.chunks(together).map(ChartStep::of).collect();
        let top = round_up(steps.iter().map(ChartStep::height).max().unwrap_or(0));
        let all = ChartStep::of(&stats.series);
        let layer = |(place, (class, word)): (usize, &(&'static str, &'static str))| Layer {
            class,
            word,
            path: layer(&steps, place, top),
        };
        // What never happened needs no place in the legend, except the good.
        let layers = OUTCOMES.iter().enumerate();
        let layers = layers.filter(|(place, _)| *place == 0 || all.counts[*place] > 0);
        let together_ms = u64::try_from(together).unwrap_or(1);
        Self {
            layers: layers.map(layer).collect(),
            scale: Scale::of(top, grouped),
            words: words(&all),
            ticks: Tick::all(stats.since, stats.until),
            since_ms: stats.since.millis(),
            step_ms: u64::try_from(stats.step.as_millis()).unwrap_or(1) * together_ms,
            steps: steps.len(),
            bars: steps
                .iter()
                .filter(|step| step.height() > 0)
                .map(|step| Bar {
                    at: Stamp(step.at),
                    counts: step.counts.iter().copied().map(grouped).collect(),
                })
                .collect(),
        }
    }

    fn columns(&self) -> [&'static str; OUTCOMES.len()] {
        OUTCOMES.map(|(_, word)| word)
    }
}

fn words(all: &ChartStep) -> String {
    let parts: Vec<String> = OUTCOMES
        .iter()
        .zip(all.counts)
        .filter(|(_, count)| *count > 0)
        .map(|((_, word), count)| format!("{} {word}", grouped(count)))
        .collect();
    format!("Outcomes over time: {}", parts.join(", "))
}

/// One outcome's bars as a path; each stands on those of the outcomes before it.
fn layer(steps: &[ChartStep], place: usize, top: u64) -> String {
    let slot = WIDTH / (steps.len().max(1) as u64);
    let gap = if slot > 4 { 2 } else { 1 };
    let width = slot.saturating_sub(gap).max(1);
    let high = |count: u64| match count {
        0 => 0,
        // The smallest failure must be seen.
        count => (count * HEIGHT / top.max(1)).max(2),
    };
    let mut path = String::new();
    for (number, step) in steps.iter().enumerate() {
        let height = high(step.counts[place]);
        if height > 0 {
            let below: u64 = step.counts[..place].iter().copied().map(high).sum();
            let x = number as u64 * slot;
            let y = HEIGHT.saturating_sub(below);
            path.push_str(&format!("M{x} {y}v-{height}h{width}v{height}z"));
        }
    }
    path
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
    /// The points of both lines, where they are few.
    dots: [String; 2],
    scale: Scale,
    words: String,
    points: Vec<Point>,
    ticks: Vec<Tick>,
    since_ms: i64,
    step_ms: u64,
}

impl HtmlSafe for Lines {}

impl Lines {
    /// Answer times between `since` and `until`.
    #[must_use]
    pub fn of(latency: &[Latency], since: Timestamp, until: Timestamp) -> Self {
        let peak = latency.iter().map(|one| one.p95_ms).fold(0.0, f64::max);
        let top = round_up(whole(peak));
        let line = |value: fn(&Latency) -> f64| {
            let points = latency.iter();
            let points = points.map(|one| place(one.at, value(one), since, until, top));
            points.collect::<Vec<(u128, u64)>>()
        };
        let (p50, p95) = (line(|one| one.p50_ms), line(|one| one.p95_ms));
        let last = latency.last();
        let gaps = latency.windows(2).map(|two| two[1].at.since(two[0].at));
        Self {
            dots: [&p50, &p95].map(|points| dots(points)),
            p50: drawn(&p50),
            p95: drawn(&p95),
            scale: Scale::of(top, |ms| took(u32::try_from(ms).unwrap_or(u32::MAX))),
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
            ticks: Tick::all(since, until),
            since_ms: since.millis(),
            step_ms: gaps
                .min()
                .map_or(0, |gap| u64::try_from(gap.as_millis()).unwrap_or(0)),
        }
    }
}

/// A path through points.
fn drawn(points: &[(u128, u64)]) -> String {
    let mut path = String::new();
    for (place, (x, y)) in points.iter().enumerate() {
        let step = if place == 0 { 'M' } else { 'L' };
        path.push_str(&format!("{step}{x} {y}"));
    }
    path
}

/// A mark at each of a few points.
fn dots(points: &[(u128, u64)]) -> String {
    if points.len() > MARKED_MAX {
        return String::new();
    }
    points.iter().map(|(x, y)| format!("M{x} {y}h0")).collect()
}

/// A point in the drawing's units.
fn place(at: Timestamp, ms: f64, since: Timestamp, until: Timestamp, top: u64) -> (u128, u64) {
    let span = until.since(since).as_millis().max(1);
    let x = at.since(since).as_millis() * u128::from(WIDTH) / span;
    let high = whole(ms) * HEIGHT / top.max(1);
    (x, HEIGHT.saturating_sub(high))
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

/// The next number that reads well on an axis.
fn round_up(peak: u64) -> u64 {
    let mut size = 1_u64;
    loop {
        for step in [1, 2, 4, 5, 8] {
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
        check(3, 4);
        check(11, 20);
        check(4999, 5000);
    }

    #[test]
    fn a_bar_stacks_failures_on_successes_and_shows_the_smallest_of_either() {
        let step = ChartStep {
            at: Timestamp::default(),
            counts: [1000, 0, 1, 0],
        };
        assert_eq!(layer(&[step], 0, 1000), "M0 140v-140h718v140z");
        assert_eq!(layer(&[step], 2, 1000), "M0 0v-2h718v2z");
        assert_eq!(layer(&[step], 1, 1000), "");
    }

    #[test]
    fn an_attempt_that_ended_its_delivery_is_not_counted_as_retried() {
        let bucket = StatsBucket {
            attempts: 10,
            failures: 4,
            exhausted: 1,
            ..StatsBucket::default()
        };
        let step = ChartStep::of(&[bucket, bucket]);
        assert_eq!(step.counts, [12, 6, 2, 0]);
        assert_eq!(
            words(&step),
            "Outcomes over time: 12 delivered, 6 failed and retried, 2 gave up"
        );
    }

    #[test]
    fn short_periods_have_the_time_of_day_below_them_and_long_ones_the_day() {
        let until = Timestamp::parse("2026-03-16T10:00:00Z").unwrap();
        let check = |hours: u64, expect: &str| {
            let since = until.before(Duration::from_secs(hours * 3600));
            let ticks = Tick::all(since, until);
            let words: Vec<String> = ticks.into_iter().map(Tick::words).collect();
            assert_eq!(words.join(" "), expect);
        };
        check(1, "09:00 09:15 09:30 09:45 10:00");
        check(24, "10:00 16:00 22:00 04:00 10:00");
        check(28 * 24, "02-16 02-23 03-02 03-09 03-16");
    }

    #[test]
    fn a_line_of_one_point_is_marked() {
        assert_eq!(dots(&[(3, 4)]), "M3 4h0");
        assert_eq!(dots(&[(3, 4); MARKED_MAX + 1]), "");
        assert_eq!(drawn(&[(3, 4), (5, 6)]), "M3 4L5 6");
    }
}
