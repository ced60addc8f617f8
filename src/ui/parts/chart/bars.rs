//! Stacked bars: what became of each step's attempts.
//!
//! Owns: their paths, legend and table. Refuses: the axes ([`super::axis`]).

use std::ops::Range;
use std::time::Duration;

use askama::Template;
use askama::filters::HtmlSafe;

use super::axis::{HEIGHT, Scale, Tick, WIDTH, round_up};
use crate::domain::stats::StatsBucket;
use crate::domain::time::Timestamp;
use crate::service::stats::Stats;
use crate::ui::parts::grouped;
use crate::ui::parts::stamp::Stamp;
use crate::ui::speech::filters;

/// Bars of a chart at most; finer steps are put together.
pub const BARS_MAX: usize = 60;
/// The outcomes that are stacked, from the ground up: class, word.
const OUTCOMES: [(&str, &str); 4] = [
    ("s-good", "delivered"),
    ("s-warn", "failed and retried"),
    ("s-bad", "gave up"),
    ("s-calm", "canceled"),
];

/// A step of the chart's table.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Bar {
    at: Stamp,
    /// Whether its step is not over yet.
    is_open: bool,
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
    /// The last step's layers, where it is not over yet.
    open: Vec<Layer>,
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
        let together_ms = u64::try_from(together).unwrap_or(1);
        let step_ms = u64::try_from(stats.step.as_millis()).unwrap_or(1) * together_ms;
        let is_over =
            |step: &ChartStep| step.at.after(Duration::from_millis(step_ms)) <= stats.until;
        let over = steps.iter().take_while(|step| is_over(step)).count();
        let (drawn, counts) = (steps.as_slice(), all.counts);
        let draw = |part: Range<usize>| -> Vec<Layer> {
            let outcomes = OUTCOMES.iter().enumerate();
            // What never happened needs no place in the legend, except the good.
            let outcomes = outcomes.filter(|(place, _)| *place == 0 || counts[*place] > 0);
            let layer = |(place, (class, word)): (usize, &(&'static str, &'static str))| Layer {
                class,
                word,
                path: bars_of(drawn, place, top, part.clone()),
            };
            outcomes.map(layer).collect()
        };
        let mut open = draw(over..steps.len());
        open.retain(|layer| !layer.path.is_empty());
        Self {
            layers: draw(0..over),
            open,
            scale: Scale::of(top, grouped),
            words: words(&all),
            ticks: Tick::all(stats.since, stats.until),
            since_ms: stats.since.millis(),
            step_ms,
            steps: steps.len(),
            bars: steps
                .iter()
                .filter(|step| step.height() > 0)
                .map(|step| Bar {
                    at: Stamp(step.at),
                    is_open: !is_over(step),
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

/// One outcome's bars of a part of the steps as a path; each stands on those of the outcomes before it.
fn bars_of(steps: &[ChartStep], place: usize, top: u64, part: Range<usize>) -> String {
    let slot = WIDTH / (steps.len().max(1) as u64);
    let gap = if slot > 4 { 2 } else { 1 };
    let width = slot.saturating_sub(gap).max(1);
    let high = |count: u64| match count {
        0 => 0,
        // The smallest failure must be seen.
        count => (count * HEIGHT / top.max(1)).max(2),
    };
    let mut path = String::new();
    for (number, step) in steps.iter().enumerate().skip(part.start).take(part.len()) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::stats::Counts;

    #[test]
    fn a_bar_stacks_failures_on_successes_and_shows_the_smallest_of_either() {
        let step = ChartStep {
            at: Timestamp::default(),
            counts: [1000, 0, 1, 0],
        };
        assert_eq!(bars_of(&[step], 0, 1000, 0..1), "M0 140v-140h718v140z");
        assert_eq!(bars_of(&[step], 2, 1000, 0..1), "M0 0v-2h718v2z");
        assert_eq!(bars_of(&[step], 1, 1000, 0..1), "");
        assert_eq!(
            bars_of(&[step, step], 0, 1000, 1..2),
            "M360 140v-140h358v140z"
        );
        assert_eq!(bars_of(&[step], 0, 1000, 1..1), "");
    }

    #[test]
    fn a_step_that_is_not_over_is_drawn_apart_and_said_to_be_so() {
        let bucket = |minute: i64| StatsBucket {
            at: Timestamp::from_millis(minute * 60_000),
            attempts: 3,
            ..StatsBucket::default()
        };
        let stats = |until_ms: i64| Stats {
            since: Timestamp::from_millis(0),
            until: Timestamp::from_millis(until_ms),
            step: Duration::from_secs(60),
            series: vec![bucket(0), bucket(1)],
            counts: Counts::default(),
            total: StatsBucket::default(),
            success_rate: None,
            p50_ms: None,
            p95_ms: None,
        };
        let open = Bars::of(&stats(90_000));
        assert_eq!(open.layers[0].path, "M0 140v-105h358v105z");
        assert_eq!(open.open[0].path, "M360 140v-105h358v105z");
        let html = open.to_string();
        assert_eq!(html.matches("so far").count(), 2, "{html}");
        let over = Bars::of(&stats(120_000));
        assert!(over.open.is_empty() && !over.to_string().contains("so far"));
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
}
