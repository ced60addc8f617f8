//! What `Retry-After` asks for.
//!
//! Owns: reading the header's two forms (RFC 9110, section 10.2.3) into a wait. Refuses: deciding
//! which answers may ask (`outcome`) and how long a wait is honoured (`retry`).
//!
//! # Why unreadable values are no error
//! The header comes from a stranger and is a wish. A broken wish leaves the schedule as it is.
//!
//! # Why more is read than the standard allows
//! Frameworks send fractions of a second and the dates of mail (`-0000`, `+0100`, no weekday, no
//! seconds). What such a receiver wishes is plain, and asking it too early helps nobody. A fraction
//! counts as the whole second that it has begun.

use std::time::{Duration, UNIX_EPOCH};

use jiff::fmt::rfc2822::DateTimeParser;

use crate::domain::time::{DURATION_MAX, Timestamp};

/// The longest value that is looked at, in bytes; the longest HTTP date has 33.
const VALUE_BYTES_MAX: usize = 64;

/// Mail's dates; a weekday that does not fit the date is somebody's slip, and the date stands.
const MAIL_DATE: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);
/// The zones that mail has names for (RFC 5322, section 4.3).
const MAIL_ZONES: [&str; 11] = [
    "GMT", "UT", "UTC", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT",
];
/// No mail is older than 1900 (RFC 5322, section 3.3).
const MAIL_BEGINS_MS: i64 = -2_208_988_800_000;

/// Reads seconds or a date relative to `now`. A date that has passed asks for no wait;
/// waits beyond [`DURATION_MAX`] are cut to it. `None` where the value has neither form.
#[must_use]
pub fn parse_retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim_matches([' ', '\t']);
    if value.is_empty() || value.len() > VALUE_BYTES_MAX {
        return None;
    }
    if let Some(wait) = seconds(value) {
        return Some(wait);
    }
    let at = instant(value)?;
    Some(at.since(now).min(DURATION_MAX))
}

/// Digits, perhaps with a fraction behind a point; all digits, so the only way for the whole part to
/// be no number is to be too large for the integer.
fn seconds(value: &str) -> Option<Duration> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let begun = u64::from(fraction.bytes().any(|digit| digit != b'0'));
    let seconds = whole.parse().unwrap_or(u64::MAX).saturating_add(begun);
    Some(Duration::from_secs(seconds).min(DURATION_MAX))
}

/// One of HTTP's three dates, or mail's. A date before 1970 is as past as any other.
fn instant(value: &str) -> Option<Timestamp> {
    if let Ok(at) = httpdate::parse_http_date(value) {
        let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        return Some(millis(since.as_millis()));
    }
    // Other names of zones mean different things to different people.
    let zone = value.rsplit(' ').next()?;
    if !MAIL_ZONES.contains(&zone) && !zone.starts_with(['+', '-']) {
        return None;
    }
    let at = MAIL_DATE.parse_timestamp(value).ok()?.as_millisecond();
    (at >= MAIL_BEGINS_MS).then(|| millis(u128::try_from(at).unwrap_or(0)))
}

fn millis(at_ms: u128) -> Timestamp {
    Timestamp::from_millis(i64::try_from(at_ms).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        Timestamp::parse("2026-03-16T10:05:00.000Z").unwrap()
    }

    #[test]
    fn both_forms_are_read_and_everything_else_is_ignored() {
        let check = |value: &str, seconds: Option<u64>| {
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(parse_retry_after(value, now()), expected, "{value:?}");
        };
        check("0", Some(0));
        check("120", Some(120));
        check(" 7\t", Some(7));
        check("007", Some(7));
        check("1.5", Some(2));
        check("0.001", Some(1));
        check("3.000", Some(3));
        check("99999999999999999999999.5", Some(DURATION_MAX.as_secs()));
        check("Mon, 16 Mar 2026 10:06:30 GMT", Some(90));
        check("Monday, 16-Mar-26 10:06:30 GMT", Some(90));
        check("Mon Mar 16 10:06:30 2026", Some(90));
        check("Mon, 16 Mar 2026 09:00:00 GMT", Some(0));
        for same in [
            "Mon, 16 Mar 2026 10:06:30 -0000",
            "Mon, 16 Mar 2026 10:06:30 +0000",
            "Mon, 16 Mar 2026 10:06:30 UT",
            "Mon, 16 Mar 2026 11:06:30 +0100",
            "Mon, 16 Mar 2026 05:06:30 EST",
            "16 Mar 2026 10:06:30 GMT",
            "Tue, 16 Mar 2026 10:06:30 +0000",
        ] {
            check(same, Some(90));
        }
        check("Mon, 16 Mar 2026 10:07 -0000", Some(120));
        check("Thu, 01 Jan 1960 00:00:00 +0000", Some(0));
        check("99999999999999999999999", Some(DURATION_MAX.as_secs()));
        check(
            "Fri, 31 Dec 9999 23:59:59 GMT",
            Some(DURATION_MAX.as_secs()),
        );
        for broken in [
            "",
            " ",
            "-1",
            "+5",
            ".5",
            "1.",
            "1.5.2",
            "1,5",
            "-1.5",
            "5s",
            "1e3",
            "١٢",
            "soon",
            "Mon, 99 Mar 2026 10:06:30 GMT",
            "2026-03-16T10:06:30Z",
            "1 2",
            "Mon, 16 Mar 2026 10:06:30 CET",
            "Mon, 16 Mar 0000 10:06:30 +0000",
        ] {
            check(broken, None);
        }
        check(&"1".repeat(65), None);
    }

    proptest! {
        #[test]
        fn no_value_panics_or_asks_for_more_than_the_longest_duration(value in any::<String>()) {
            let wait = parse_retry_after(&value, now());
            prop_assert!(wait.is_none_or(|wait| wait <= DURATION_MAX));
        }
    }
}
