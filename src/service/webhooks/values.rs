//! Single settings of a webhook as a caller writes them.
//!
//! Owns: reading each, with its bounds. Refuses: which field they belong to (`input`).

use std::sync::Arc;
use std::time::Duration;

use crate::domain::event_context::{WEBHOOK_CHANNELS_MAX, parse_channels};
use crate::domain::format::Format;
use crate::domain::header::CustomHeader;
use crate::domain::time::parse_duration;
use crate::domain::webhook::{
    LABEL_CHARS_MAX, METADATA_BYTES_MAX, RATE_MAX, RATE_MIN, TIMEOUT_MAX, TIMEOUT_MIN,
};

/// What stands for a value that is not shown; sent back, it means "as it is".
pub const MASK: &str = "***";

/// A header as whoever may read the webhook sees it: its name, and its value unless that is a
/// credential.
#[must_use]
pub fn shown_header(header: &CustomHeader) -> (&str, &str) {
    let value = if header.is_credential() {
        MASK
    } else {
        header.value().expose()
    };
    (header.name(), value)
}

pub(super) fn label(text: &str) -> Result<String, String> {
    if text.chars().count() > LABEL_CHARS_MAX {
        return Err(format!("must have at most {LABEL_CHARS_MAX} characters"));
    }
    if text.chars().any(char::is_control) {
        return Err("must not hold control characters".to_owned());
    }
    Ok(text.to_owned())
}

pub(super) fn channels(texts: &[String]) -> Result<Vec<String>, String> {
    if texts.is_empty() {
        return Err("must not be empty; null means all channels".to_owned());
    }
    parse_channels(texts, WEBHOOK_CHANNELS_MAX)
}

pub(super) fn format(text: &str) -> Result<Format, String> {
    Format::parse(text).ok_or_else(|| "must be json, data, cloudevents or slack".to_owned())
}

pub(super) fn timeout(text: &str) -> Result<Duration, String> {
    between(text, TIMEOUT_MIN, TIMEOUT_MAX, "100ms", "2m")
}

pub(super) fn between(
    text: &str,
    min: Duration,
    max: Duration,
    min_text: &str,
    max_text: &str,
) -> Result<Duration, String> {
    let duration = parse_duration(text)?;
    if (min..=max).contains(&duration) {
        Ok(duration)
    } else {
        Err(format!("must lie between {min_text} and {max_text}"))
    }
}

pub(super) fn counted(n: i64, max: u32) -> Result<u32, String> {
    u32::try_from(n)
        .ok()
        .filter(|n| (1..=max).contains(n))
        .ok_or_else(|| format!("must lie between 1 and {max}"))
}

pub(super) fn per_second(rate: f64) -> Result<f64, String> {
    if (RATE_MIN..=RATE_MAX).contains(&rate) {
        Ok(rate)
    } else {
        Err(format!(
            "must lie between {RATE_MIN} and {RATE_MAX} deliveries per second"
        ))
    }
}

pub(super) fn metadata(text: &str) -> Result<Arc<str>, String> {
    if text.len() > METADATA_BYTES_MAX {
        return Err(format!(
            "must have at most {METADATA_BYTES_MAX} bytes as JSON"
        ));
    }
    if !text.trim_start().starts_with('{') {
        return Err("must be a JSON object".to_owned());
    }
    Ok(text.into())
}
