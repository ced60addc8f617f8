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
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        assert_eq!(wait, later, "seconds count from the answer");
        if value.len() <= FEW_DIGITS {
            assert_eq!(Ok(wait.as_secs()), value.parse());
        }
    } else {
        assert!(
            value.is_ascii() && value.matches(':').count() == 2,
            "{value:?}"
        );
        assert!(wait - later <= HOUR);
    }
    Verdict::Accepted
}
