//! What is beside and below a drawing: its size, the times along it, the numbers up it.
//!
//! Owns: ticks and scales. Refuses: what is drawn between them ([`super::bars`], [`super::lines`]).

use std::time::Duration;

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::time::Timestamp;
use crate::ui::speech::filters;

/// The drawing's width, in its own units.
pub(super) const WIDTH: u64 = 720;
/// The height of the drawing's field.
pub(super) const HEIGHT: u64 = 140;
/// Labels below a chart.
const TICKS: u32 = 5;
/// Up to this length of a period, they say the time of day.
const TICKS_OF_DAY_MAX: Duration = Duration::from_secs(48 * 3600);

/// A label of the time axis. It is drawn in UTC; the script turns it into the reader's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Template)]
#[template(
    source = r#"<time datetime="{{ at }}" data-tick="{{ precision() }}">{{ words()|date }}</time>"#,
    ext = "html"
)]
pub(super) struct Tick {
    at: Timestamp,
    days: bool,
}

impl HtmlSafe for Tick {}

impl Tick {
    pub(super) fn all(since: Timestamp, until: Timestamp) -> Vec<Self> {
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

/// The numbers beside a chart: its top, its middle where that is whole, and its bottom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scale {
    pub(super) top: String,
    pub(super) middle: String,
    pub(super) bottom: String,
}

impl Scale {
    pub(super) fn of(top: u64, words: impl Fn(u64) -> String) -> Self {
        let halves = top.is_multiple_of(2);
        Self {
            top: words(top),
            middle: if halves {
                words(top / 2)
            } else {
                String::new()
            },
            bottom: "0".to_owned(),
        }
    }
}

/// How a number becomes a height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rise {
    /// Twice as much is twice as high; it ends at this number.
    Even(u64),
    /// Ten times as much is one step higher: from ten to this power, so many steps.
    Tenfold { from: u32, steps: u32 },
}

/// From this many times the lowest number on, the highest would press the others to the ground.
const TENFOLD_FROM: f64 = 20.0;

impl Rise {
    /// The rise that leaves both ends of what is drawn readable.
    pub(super) fn of(lowest: f64, highest: f64) -> Self {
        let (lowest, highest) = (lowest.max(1.0), highest.max(1.0));
        if highest < lowest * TENFOLD_FROM {
            return Self::Even(round_up(whole(highest)));
        }
        let power = |number: f64| u32::try_from(whole(number)).unwrap_or(0);
        let from = power(lowest.log10().floor());
        Self::Tenfold {
            from,
            steps: power(highest.log10().ceil()).saturating_sub(from).max(1),
        }
    }

    /// How high a number is, of [`HEIGHT`].
    pub(super) fn height(self, number: f64) -> u64 {
        match self {
            Self::Even(top) => whole(number) * HEIGHT / top.max(1),
            Self::Tenfold { from, steps } => {
                let above = number.max(1.0).log10() - f64::from(from);
                let whole_height = f64::from(u32::try_from(HEIGHT).unwrap_or(u32::MAX));
                whole((above * whole_height / f64::from(steps)).max(0.0)).min(HEIGHT)
            }
        }
    }

    /// What stands beside it.
    pub(super) fn scale(self, words: impl Fn(u64) -> String) -> Scale {
        match self {
            Self::Even(top) => Scale::of(top, words),
            Self::Tenfold { from, steps } => {
                let power = |by: f64| words(whole(10_f64.powf(f64::from(from) + by)));
                Scale {
                    top: power(f64::from(steps)),
                    middle: power(f64::from(steps) / 2.0),
                    bottom: power(0.0),
                }
            }
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers of charts are positive and the cast saturates"
)]
pub(super) fn whole(number: f64) -> u64 {
    number.round() as u64
}

/// The next number that reads well on an axis.
pub(super) fn round_up(peak: u64) -> u64 {
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
    fn an_axis_rises_tenfold_where_the_lowest_could_not_be_read_otherwise() {
        let even = Rise::of(30.0, 90.0);
        assert_eq!(even, Rise::Even(100));
        assert_eq!(even.height(50.0), HEIGHT / 2);
        let tenfold = Rise::of(9.0, 2400.0);
        assert_eq!(tenfold, Rise::Tenfold { from: 0, steps: 4 });
        let heights = [0.0, 1.0, 10.0, 100.0, 10_000.0, 1e9].map(|ms| tenfold.height(ms));
        assert_eq!(heights, [0, 0, HEIGHT / 4, HEIGHT / 2, HEIGHT, HEIGHT]);
        let scale = tenfold.scale(|ms| ms.to_string());
        let labels = [scale.top, scale.middle, scale.bottom];
        assert_eq!(labels, ["10000", "100", "1"]);
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
}
