//! What a caller says of a webhook's retries.
//!
//! Owns: reading a policy, each fault with its field. Refuses: a policy's bounds (`domain::retry`).

use crate::domain::profile::Profile;
use crate::domain::retry::{Jitter, RetryPolicy};
use crate::domain::time::parse_duration;
use crate::service::FieldError;

/// A retry policy as a caller gives it.
#[derive(Clone, Debug)]
pub enum RetryInput {
    /// That of a built-in profile.
    Named(String),
    /// Its own.
    Custom(CustomRetry),
}

/// A retry policy that a caller spells out.
#[derive(Clone, Debug, Default)]
pub struct CustomRetry {
    /// Delays before the retries, as durations.
    pub delays: Vec<String>,
    /// The repeating delay after those.
    pub then_every: Option<String>,
    /// When to end, counted from the first attempt.
    pub give_up_after: Option<String>,
    /// Whether delays are spread; absent means yes.
    pub jitter: Option<bool>,
}

impl RetryInput {
    pub(super) fn policy(&self) -> Result<RetryPolicy, FieldError> {
        match self {
            Self::Named(name) => named_policy(name),
            Self::Custom(own) => custom_policy(own),
        }
    }
}

fn named_policy(name: &str) -> Result<RetryPolicy, FieldError> {
    Profile::built_in_named(name)
        .map(|profile| profile.retry_policy().clone())
        .ok_or_else(|| FieldError {
            field: "retry_policy".to_owned(),
            message: format!(
                "{name} is no built-in profile; give its name or a policy of your own"
            ),
        })
}

fn custom_policy(own: &CustomRetry) -> Result<RetryPolicy, FieldError> {
    let parse = |field: String, text: &str| {
        parse_duration(text).map_err(|message| FieldError { field, message })
    };
    let delays = own.delays.iter().enumerate();
    let delays = delays
        .map(|(index, text)| parse(format!("retry_policy.delays[{index}]"), text))
        .collect::<Result<Vec<_>, _>>()?;
    let optional = |field: &str, text: Option<&String>| {
        text.map(|text| parse(format!("retry_policy.{field}"), text))
            .transpose()
    };
    let every = optional("then_every", own.then_every.as_ref())?;
    let give_up = optional("give_up_after", own.give_up_after.as_ref())?;
    let jitter = if own.jitter.unwrap_or(true) {
        Jitter::Tenth
    } else {
        Jitter::Off
    };
    RetryPolicy::new(delays, every, give_up, jitter).map_err(|error| FieldError {
        field: format!("retry_policy.{}", error.field),
        message: error.message,
    })
}
