//! The rules of what a profile gives to webhooks that name nothing themselves: retries, timeout,
//! breaker.
//!
//! Owns: reading durations and their bounds. Refuses: the retry laws, which `retry` holds.

use std::time::Duration;

use super::{Checked, fault, refuse};
use crate::domain::breaker::BreakerPolicy;
use crate::domain::profile::document::{BreakerDocument, RetryDocument};
use crate::domain::profile::{DISABLE_AFTER_DEFAULT, TIMEOUT_DEFAULT, TIMEOUT_MAX, TIMEOUT_MIN};
use crate::domain::retry::{Jitter, RetryPolicy};
use crate::domain::time::parse_duration;

pub(super) fn retry_policy(retry: Option<&RetryDocument>) -> Checked<RetryPolicy> {
    let Some(retry) = retry else {
        return Ok(RetryPolicy::standard());
    };
    let mut delays = Vec::with_capacity(retry.delays.len());
    for (index, delay) in retry.delays.iter().enumerate() {
        delays.push(duration(&format!("retry.delays[{index}]"), delay)?);
    }
    let span = |key: &str, text: &Option<String>| {
        let text = text.as_deref();
        text.map(|text| duration(&format!("retry.{key}"), text))
            .transpose()
    };
    let jitter = match retry.jitter {
        Some(false) => Jitter::Off,
        Some(true) | None => Jitter::Tenth,
    };
    let then_every = span("then_every", &retry.then_every)?;
    let give_up_after = span("give_up_after", &retry.give_up_after)?;
    RetryPolicy::new(delays, then_every, give_up_after, jitter)
        .map_err(|error| fault(format!("retry.{}", error.field), error.message))
}

pub(super) fn timeout(text: Option<&str>) -> Checked<Duration> {
    let Some(text) = text else {
        return Ok(TIMEOUT_DEFAULT);
    };
    let timeout = duration("timeout", text)?;
    if (TIMEOUT_MIN..=TIMEOUT_MAX).contains(&timeout) {
        return Ok(timeout);
    }
    refuse("timeout", "must lie between 100ms and 2m")
}

pub(super) fn breaker(breaker: Option<&BreakerDocument>) -> Checked<BreakerPolicy> {
    let Some(breaker) = breaker else {
        return Ok(BreakerPolicy {
            disable_after_failures: None,
            disable_after: Some(DISABLE_AFTER_DEFAULT),
        });
    };
    if breaker.disable_after_failures == Some(0) {
        return refuse(
            "breaker.disable_after_failures",
            "must be at least 1, or absent",
        );
    }
    let disable_after = breaker.disable_after.as_deref();
    let disable_after = disable_after
        .map(|text| duration("breaker.disable_after", text))
        .transpose()?;
    if disable_after.is_some_and(|span| span.is_zero()) {
        return refuse("breaker.disable_after", "must be longer than 0s, or absent");
    }
    Ok(BreakerPolicy {
        disable_after_failures: breaker.disable_after_failures,
        disable_after,
    })
}

fn duration(field: &str, text: &str) -> Checked<Duration> {
    parse_duration(text).map_err(|message| fault(field, message))
}
