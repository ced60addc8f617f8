//! Instants and durations as hookpost stores, compares and prints them.
//!
//! Owns: the millisecond timestamp, its RFC 3339 form, and the duration strings of the API
//! (`"250ms"`, `"5m"`, `"24h"`). Refuses: reading a clock; `now` always comes in as a parameter.
//!
//! # Why whole milliseconds
//! The contract prints milliseconds, SQLite sorts integers fastest, and one unit everywhere means
//! that nobody ever has to ask which one a column holds.

mod rfc3339;

use std::fmt;
use std::time::Duration;

/// The longest duration that any setting may carry: ten years.
pub const DURATION_MAX: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// An instant in milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The last instant that RFC 3339 can spell: `9999-12-31T23:59:59.999Z`.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// An instant from milliseconds since the Unix epoch, held within what RFC 3339 can spell.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(0, Self::MAX.0))
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, as signature timestamps carry them.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The instant `duration` later; saturates at [`Timestamp::MAX`].
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.0.saturating_add(millis))
    }

    /// The instant `duration` earlier; saturates at the epoch.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.0.saturating_sub(millis))
    }

    /// The instant `by_ms` milliseconds later, or earlier where that is negative.
    #[must_use]
    pub fn shifted(self, by_ms: i64) -> Self {
        Self::from_millis(self.0.saturating_add(by_ms))
    }

    /// The time from `earlier` to `self`; zero where `earlier` is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    /// The time between both, whichever is earlier.
    #[must_use]
    pub fn apart(self, other: Self) -> Duration {
        self.since(other).max(other.since(self))
    }

    /// RFC 3339 in UTC with milliseconds: `2026-03-16T10:05:00.000Z`.
    #[must_use]
    pub fn rfc3339(self) -> String {
        self.to_string()
    }

    /// Reads RFC 3339 with any offset; finer digits than milliseconds are cut.
    ///
    /// # Errors
    /// A sentence for the caller where `text` is not an RFC 3339 instant of the years 1970 to 9999.
    pub fn parse(text: &str) -> Result<Self, String> {
        let millis = rfc3339::parse(text).ok_or_else(|| {
            "must be an RFC 3339 time with an offset, such as 2026-03-16T10:05:00.000Z".to_owned()
        })?;
        if (0..=Self::MAX.0).contains(&millis) {
            Ok(Self(millis))
        } else {
            Err("must lie between the years 1970 and 9999".to_owned())
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        rfc3339::write(f, self.0)
    }
}

/// Reads a duration of the API: whole numbers with the units `ms`, `s`, `m`, `h`, `d`, largest
/// first, such as `"10s"`, `"1h30m"` or `"250ms"`.
///
/// # Errors
/// A sentence for the caller where `text` has another form or exceeds [`DURATION_MAX`].
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    const FORM: &str = "must be a duration such as \"250ms\", \"10s\", \"5m\" or \"24h\"";
    let mut rest = text;
    let mut total: u64 = 0;
    let mut last_unit_ms = u64::MAX;
    if rest.is_empty() {
        return Err(FORM.to_owned());
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at(digits);
        let number: u64 = number.parse().map_err(|_| FORM.to_owned())?;
        let (unit_ms, unit_len) = duration_unit(tail).ok_or_else(|| FORM.to_owned())?;
        if unit_ms >= last_unit_ms {
            return Err(FORM.to_owned());
        }
        last_unit_ms = unit_ms;
        total = number
            .checked_mul(unit_ms)
            .and_then(|ms| total.checked_add(ms))
            .filter(|ms| u128::from(*ms) <= DURATION_MAX.as_millis())
            .ok_or_else(|| "must not be longer than ten years".to_owned())?;
        rest = &tail[unit_len..];
    }
    Ok(Duration::from_millis(total))
}

fn duration_unit(tail: &str) -> Option<(u64, usize)> {
    let unit_len = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
    let unit_ms = match &tail[..unit_len] {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    Some((unit_ms, unit_len))
}

/// Prints a duration with the largest unit that divides it: `"2m"`, `"120h"`, `"1500ms"`.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    for (unit_ms, unit) in [(3_600_000, "h"), (60_000, "m"), (1000, "s")] {
        if millis != 0 && millis.is_multiple_of(unit_ms) {
            return format!("{}{unit}", millis / unit_ms);
        }
    }
    if millis == 0 {
        return "0s".to_owned();
    }
    format!("{millis}ms")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_print_with_milliseconds_and_read_back() {
        for text in ["2026-03-16T10:05:00.000Z", "1970-01-01T00:00:00.001Z"] {
            assert_eq!(Timestamp::parse(text).unwrap().rfc3339(), text);
        }
        let offset = Timestamp::parse("2026-03-16T12:05:00.123456+02:00").unwrap();
        assert_eq!(offset.rfc3339(), "2026-03-16T10:05:00.123Z");
    }

    #[test]
    fn the_last_instant_can_be_printed() {
        assert_eq!(
            Timestamp::from_millis(i64::MAX).rfc3339(),
            "9999-12-31T23:59:59.999Z"
        );
    }

    #[test]
    fn broken_times_are_refused_in_words() {
        for text in [
            "",
            "yesterday",
            "2026-03-16",
            "2026-03-16T10:05:00",
            "1969-12-31T23:00:00Z",
        ] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_read_and_print_the_same_form() {
        for text in ["250ms", "1s", "90s", "2m", "24h", "120h", "0s"] {
            assert_eq!(format_duration(parse_duration(text).unwrap()), text);
        }
        assert_eq!(parse_duration("1h30m").unwrap(), Duration::from_secs(5400));
    }

    #[test]
    fn nonsense_durations_are_refused() {
        for text in [
            "",
            "5",
            "s",
            "-1s",
            "1.5s",
            "5 m",
            "1m1h",
            "1s1s",
            "99999999999h",
            "1w",
            "5мин",
        ] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
