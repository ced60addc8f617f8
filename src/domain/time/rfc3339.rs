//! RFC 3339 to the letter: the one way in which hookpost reads and prints instants.
//!
//! Owns: the grammar of RFC 3339, section 5.6, and the limits of its section 5.7. Refuses: what other
//! standards and libraries allow beside it: dates and times without separators, missing seconds, hours
//! alone as offset, a blank in the place of `T`, names of zones in brackets.
//!
//! # What the grammar leaves to the reader
//! - `t` and `z` are as good as `T` and `Z`.
//! - A fraction may have any number of digits; what is finer than a millisecond is cut.
//! - `-00:00` says that the local offset is unknown; the instant is the same as with `Z`.
//! - A leap second is read as the last millisecond before midnight, so that it stands between the
//!   second before it and the one behind it. It can only be the last second of a June or December in
//!   UTC; anywhere else the sixtieth second is no time.

use std::fmt;

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
const SECONDS_OF_DAY: i64 = 24 * 3600;

/// Milliseconds since the Unix epoch of the instant that `text` spells; `None` where it spells none.
pub(super) fn parse(text: &str) -> Option<i64> {
    let mut rest = Rest(text.as_bytes());
    let date = date(&mut rest)?;
    rest.one_of(b"Tt")?;
    let (second_of_day, second) = time(&mut rest)?;
    let millis = rest.fraction()?;
    let offset_s = offset(&mut rest)?;
    if !rest.0.is_empty() {
        return None;
    }
    let days = date.duration_since(EPOCH.date()).as_hours() / 24;
    let utc_s = days * SECONDS_OF_DAY + second_of_day - offset_s;
    match second {
        Second::Plain => Some(utc_s * 1000 + millis),
        Second::Leap => ends_half_year(utc_s).then_some(utc_s * 1000 + 999),
    }
}

/// Writes the instant `millis` of the years 1970 to 9999 in UTC, with milliseconds.
pub(super) fn write(f: &mut fmt::Formatter<'_>, millis: i64) -> fmt::Result {
    let at = civil(millis).expect("a Timestamp lies within 1970 to 9999 by construction");
    write!(
        f,
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.millisecond()
    )
}

fn civil(millis: i64) -> Option<DateTime> {
    EPOCH.checked_add(SignedDuration::from_millis(millis)).ok()
}

/// Whether the second `utc_s` is the one before the leap second of a June or December.
fn ends_half_year(utc_s: i64) -> bool {
    let is_last = utc_s.rem_euclid(SECONDS_OF_DAY) == SECONDS_OF_DAY - 1;
    let day = civil(utc_s * 1000).map(|at| (at.month(), at.day()));
    is_last && matches!(day, Some((6, 30) | (12, 31)))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Second {
    Plain,
    Leap,
}

fn date(rest: &mut Rest<'_>) -> Option<Date> {
    let year = rest.number(4)?;
    rest.one_of(b"-")?;
    let month = rest.number(2)?;
    rest.one_of(b"-")?;
    let day = rest.number(2)?;
    Date::new(
        i16::try_from(year).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
    )
    .ok()
}

/// The second of the day; of a leap second the one before it.
fn time(rest: &mut Rest<'_>) -> Option<(i64, Second)> {
    let hour = rest.number(2).filter(|hour| *hour <= 23)?;
    rest.one_of(b":")?;
    let minute = rest.number(2).filter(|minute| *minute <= 59)?;
    rest.one_of(b":")?;
    let second = rest.number(2).filter(|second| *second <= 60)?;
    let kind = match second {
        60 => Second::Leap,
        _ => Second::Plain,
    };
    Some((hour * 3600 + minute * 60 + second.min(59), kind))
}

/// How far local time is ahead of UTC, in seconds.
fn offset(rest: &mut Rest<'_>) -> Option<i64> {
    let sign = match rest.one_of(b"Zz+-")? {
        b'+' => 1,
        b'-' => -1,
        _ => return Some(0),
    };
    let hour = rest.number(2).filter(|hour| *hour <= 23)?;
    rest.one_of(b":")?;
    let minute = rest.number(2).filter(|minute| *minute <= 59)?;
    Some(sign * (hour * 3600 + minute * 60))
}

/// What is still to be read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn one_of(&mut self, bytes: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        bytes.contains(first).then_some(*first)
    }

    fn digit(&mut self) -> Option<i64> {
        self.one_of(b"0123456789")
            .map(|byte| i64::from(byte - b'0'))
    }

    fn number(&mut self, digits: usize) -> Option<i64> {
        (0..digits).try_fold(0, |number, _| Some(number * 10 + self.digit()?))
    }

    /// Milliseconds; none where there is no fraction.
    fn fraction(&mut self) -> Option<i64> {
        let Some(digits) = self.0.strip_prefix(b".") else {
            return Some(0);
        };
        let count = digits.iter().take_while(|byte| byte.is_ascii_digit());
        let (digits, rest) = digits.split_at(count.count());
        if digits.is_empty() {
            return None;
        }
        self.0 = rest;
        let places = digits.iter().chain(b"000").take(3);
        Some(places.fold(0, |millis, digit| millis * 10 + i64::from(digit - b'0')))
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::time::Timestamp;

    #[track_caller]
    fn reads(text: &str, expect: &str) {
        assert_eq!(Timestamp::parse(text).unwrap().rfc3339(), expect, "{text}");
    }

    #[test]
    fn every_form_of_the_grammar_is_read() {
        reads("2026-03-16T10:05:00Z", "2026-03-16T10:05:00.000Z");
        reads("2026-03-16t10:05:00z", "2026-03-16T10:05:00.000Z");
        reads("2026-03-16T10:05:00+02:00", "2026-03-16T08:05:00.000Z");
        reads("2026-03-16T10:05:00-23:59", "2026-03-17T10:04:00.000Z");
        reads("2026-03-16T10:05:00-00:00", "2026-03-16T10:05:00.000Z");
        reads("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z");
        reads("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z");
        reads("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999Z");
        reads("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn fractions_of_any_length_are_cut_to_milliseconds() {
        reads("2026-03-16T10:05:00.1Z", "2026-03-16T10:05:00.100Z");
        reads("2026-03-16T10:05:00.12Z", "2026-03-16T10:05:00.120Z");
        reads("2026-03-16T10:05:00.1239Z", "2026-03-16T10:05:00.123Z");
        let long = format!("2026-03-16T10:05:00.{}Z", "9".repeat(5000));
        reads(&long, "2026-03-16T10:05:00.999Z");
    }

    #[test]
    fn a_leap_second_is_read_where_there_can_be_one() {
        reads("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999Z");
        reads("2015-06-30T23:59:60.5Z", "2015-06-30T23:59:59.999Z");
        reads("1990-12-31T15:59:60-08:00", "1990-12-31T23:59:59.999Z");
        for text in [
            "2026-03-16T10:05:60Z",
            "2016-12-31T23:59:60+01:00",
            "2016-12-31T22:59:60Z",
            "2016-12-30T23:59:60Z",
            "2016-12-31T23:59:61Z",
        ] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_only_other_standards_allow_is_refused() {
        for text in [
            "2026-03-16T10:05:00+24:00",
            "2026-03-16T10:05:00+00:60",
            "2026-03-16T10Z",
            "2026-03-16T10:05Z",
            "20260316T100500Z",
            "2026-03-16T100500Z",
            "2026-03-16T10:05:00+0200",
            "2026-03-16T10:05:00+02",
            "2026-03-16T10:05:00Z[UTC]",
            "2026-03-16T10:05:00+01:00[Europe/Berlin]",
            "2026-03-16 10:05:00Z",
            "2026-03-16_10:05:00Z",
            "2026-03-16T10:05:00,5Z",
            "2026-03-16T10:05:00.Z",
            "2026-03-16T10:05:00",
            "2026-03-16",
            "2026-075T10:05:00Z",
            "2026-W12-1T10:05:00Z",
            "2026-03-16T24:00:00Z",
            "2026-03-16T10:60:00Z",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "+002026-03-16T10:05:00Z",
            "-2026-03-16T10:05:00Z",
            "12026-03-16T10:05:00Z",
            "2026-03-16T10:05:00 Z",
            " 2026-03-16T10:05:00Z",
            "2026-03-16T10:05:00Z ",
            "2026-03-16T10:05:00ZZ",
            "2026-3-16T10:05:00Z",
            "2026-03-16T10:05:00\u{2212}02:00",
            "2026-03-16T10:05:0\u{0663}Z",
            "1773655500",
        ] {
            let refused = Timestamp::parse(text).expect_err(text);
            assert!(refused.contains("RFC 3339"), "{text}: {refused}");
        }
    }

    #[test]
    fn years_that_cannot_be_stored_are_refused_after_the_offset() {
        for text in [
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "0000-01-01T00:00:00Z",
        ] {
            let refused = Timestamp::parse(text).expect_err(text);
            assert!(refused.contains("1970"), "{text}: {refused}");
        }
    }
}
