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

/// The numbers beside a chart: its top, and its middle where that is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scale {
    pub(super) top: String,
    pub(super) middle: String,
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
        }
    }
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
