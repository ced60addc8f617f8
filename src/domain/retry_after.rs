//! What `Retry-After` asks for.
//!
//! Owns: reading the header's two forms (RFC 9110, section 10.2.3) into a wait. Refuses: deciding
//! which answers may ask (`outcome`) and how long a wait is honoured (`retry`).
//!
//! # Why unreadable values are no error
//! The header comes from a stranger and is a wish. A broken wish leaves the schedule as it is.

use std::time::{Duration, UNIX_EPOCH};

use crate::domain::time::{DURATION_MAX, Timestamp};

/// The longest value that is looked at, in bytes; the longest HTTP date has 33.
const VALUE_BYTES_MAX: usize = 64;

/// Reads whole seconds or an HTTP date relative to `now`. A date that has passed asks for no wait;
/// waits beyond [`DURATION_MAX`] are cut to it. `None` where the value has neither form.
#[must_use]
pub fn parse_retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim_matches([' ', '\t']);
    if value.is_empty() || value.len() > VALUE_BYTES_MAX {
        return None;
    }
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(seconds(value));
    }
    let at = httpdate::parse_http_date(value).ok()?;
    // A date before 1970 is as past as any other.
    let at_ms = at
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis());
    let at = Timestamp::from_millis(i64::try_from(at_ms).unwrap_or(i64::MAX));
    Some(at.since(now).min(DURATION_MAX))
}

/// All digits, so the only way to fail is to be too large for the integer.
fn seconds(digits: &str) -> Duration {
    digits.parse().map_or(DURATION_MAX, |seconds| {
        Duration::from_secs(seconds).min(DURATION_MAX)
    })
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
        check("Mon, 16 Mar 2026 10:06:30 GMT", Some(90));
        check("Monday, 16-Mar-26 10:06:30 GMT", Some(90));
        check("Mon Mar 16 10:06:30 2026", Some(90));
        check("Mon, 16 Mar 2026 09:00:00 GMT", Some(0));
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
            "1.5",
            "5s",
            "1e3",
            "١٢",
            "soon",
            "Mon, 99 Mar 2026 10:06:30 GMT",
            "2026-03-16T10:06:30Z",
            "1 2",
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
