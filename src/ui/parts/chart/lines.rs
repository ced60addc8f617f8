//! Lines of answer times: what half, and what 95 of 100 attempts did not exceed.
//!
//! Owns: their paths, marks and table. Refuses: the axes ([`super::axis`]).

use askama::Template;
use askama::filters::HtmlSafe;

use super::axis::{HEIGHT, Rise, Scale, Tick, WIDTH, whole};
use crate::domain::stats::Latency;
use crate::domain::time::Timestamp;
use crate::ui::parts::stamp::{Stamp, took};

/// Points of a line up to which each is marked: a line of one point would not be seen.
const MARKED_MAX: usize = 12;

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
    /// Whether each step up is ten times as much.
    is_tenfold: bool,
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
        let lowest = latency.iter().map(|one| one.p50_ms).fold(peak, f64::min);
        let rise = Rise::of(lowest, peak);
        let line = |value: fn(&Latency) -> f64| {
            let points = latency.iter();
            let points = points.map(|one| place(one.at, value(one), since, until, rise));
            points.collect::<Vec<(u128, u64)>>()
        };
        let (p50, p95) = (line(|one| one.p50_ms), line(|one| one.p95_ms));
        let last = latency.last();
        let gaps = latency.windows(2).map(|two| two[1].at.since(two[0].at));
        Self {
            dots: [&p50, &p95].map(|points| dots(points)),
            p50: drawn(&p50),
            p95: drawn(&p95),
            scale: rise.scale(|ms| took(u32::try_from(ms).unwrap_or(u32::MAX))),
            is_tenfold: matches!(rise, Rise::Tenfold { .. }),
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
fn place(at: Timestamp, ms: f64, since: Timestamp, until: Timestamp, rise: Rise) -> (u128, u64) {
    let span = until.since(since).as_millis().max(1);
    let x = at.since(since).as_millis() * u128::from(WIDTH) / span;
    (x, HEIGHT.saturating_sub(rise.height(ms)))
}

fn about(ms: f64) -> String {
    took(u32::try_from(whole(ms)).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_one_point_is_marked() {
        assert_eq!(dots(&[(3, 4)]), "M3 4h0");
        assert_eq!(dots(&[(3, 4); MARKED_MAX + 1]), "");
        assert_eq!(drawn(&[(3, 4), (5, 6)]), "M3 4L5 6");
    }
}
