//! `Retry-After`: a wish is bounded, does not grow while time passes, and is one of two forms.

use std::time::Duration;

use hookpost::domain::retry_after::parse_retry_after;
use hookpost::domain::time::DURATION_MAX;

use super::{Verdict, now};

const HOUR: Duration = Duration::from_secs(3600);
/// Digits that are certain to fit an integer and [`DURATION_MAX`] alike.
const FEW_DIGITS: usize = 5;

pub(super) fn law(text: &str) -> Verdict {
    let wait = parse_retry_after(text, now());
    let later = parse_retry_after(text, now().after(HOUR));
    let padded = parse_retry_after(&format!("\t {text} \t"), now());
    assert_eq!(padded, wait, "space around a value means nothing");
    assert_eq!(wait.is_some(), later.is_some(), "the time decides no form");
    let (Some(wait), Some(later)) = (wait, later) else {
        return Verdict::Refused;
    };
    assert!(wait <= DURATION_MAX && later <= wait);
    let value = text.trim_matches([' ', '\t']);
    assert!(
        !value.contains(['\r', '\n', '-']) || value.contains(':'),
        "{value:?}"
    );
    match whole_seconds(value) {
        Some((whole, begun)) => {
            assert_eq!(wait, later, "seconds count from the answer");
            if whole.len() <= FEW_DIGITS {
                let whole: u64 = whole.parse().expect("few digits are a number");
                assert_eq!(
                    wait.as_secs(),
                    whole + begun,
                    "a begun second is waited for"
                );
            }
        }
        None => {
            // HTTP's three dates name hours, minutes and seconds; mail's may leave the seconds out.
            assert!(
                value.is_ascii() && matches!(value.matches(':').count(), 1 | 2),
                "{value:?}"
            );
            assert!(wait - later <= HOUR);
        }
    }
    Verdict::Accepted
}

/// The digits before the point of a number of seconds, and the second that a fraction begins.
fn whole_seconds(value: &str) -> Option<(&str, u64)> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let begun = u64::from(fraction.contains(|digit| digit != '0'));
    (is_number(whole) && is_number(fraction)).then_some((whole, begun))
}
