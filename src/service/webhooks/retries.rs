//! What a caller says of a webhook's retries.
//!
//! Owns: reading a policy, each fault with its field. Refuses: a policy's bounds (`domain::retry`).

use crate::domain::profile::Profile;
use crate::domain::retry::{Jitter, RetryPolicy};
use crate::domain::status_rules::StatusRules;
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
    /// Delays before the retries, as durations; those of the wire profile where neither these nor
    /// what follows them is said.
    pub delays: Option<Vec<String>>,
    /// The repeating delay after those.
    pub then_every: Option<String>,
    /// When to end, counted from the first attempt.
    pub give_up_after: Option<String>,
    /// Whether delays are spread; absent means yes.
    pub jitter: Option<bool>,
    /// Statuses and classes that end a delivery at once.
    pub give_up_on: Vec<String>,
    /// The only statuses and classes that are tried again; empty means all.
    pub retry_on: Vec<String>,
}

impl RetryInput {
    /// The policy; `default` is the wire profile's.
    ///
    /// # Errors
    /// The field at fault.
    pub fn policy(&self, default: &RetryPolicy) -> Result<RetryPolicy, FieldError> {
        match self {
            Self::Named(name) => named_policy(name),
            Self::Custom(own) => {
                let rules = StatusRules::parse(&own.give_up_on, &own.retry_on);
                let rules = rules.map_err(|error| FieldError {
                    field: format!("retry_policy.{}", error.field),
                    message: error.message,
                })?;
                Ok(custom_policy(own, default)?.with_rules(rules))
            }
        }
    }
}

fn named_policy(name: &str) -> Result<RetryPolicy, FieldError> {
    Profile::built_in_named(name)
        .map(|profile| profile.retry_policy().clone())
        .ok_or_else(|| FieldError {
            field: "retry_policy".to_owned(),
            message: format!(
                "{name} is not a built-in profile; give its name or a policy of your own"
            ),
        })
}

fn custom_policy(own: &CustomRetry, default: &RetryPolicy) -> Result<RetryPolicy, FieldError> {
    let Some(delays) = &own.delays else {
        let has_rules = !own.give_up_on.is_empty() || !own.retry_on.is_empty();
        let is_bare = own.then_every.is_none() && own.give_up_after.is_none();
        if has_rules && is_bare && own.jitter.is_none() {
            return Ok(default.clone());
        }
        return Err(FieldError {
            field: "retry_policy.delays".to_owned(),
            message: "is needed".to_owned(),
        });
    };
    let parse = |field: String, text: &str| {
        parse_duration(text).map_err(|message| FieldError { field, message })
    };
    let delays = delays.iter().enumerate();
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
