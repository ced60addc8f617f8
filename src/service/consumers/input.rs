//! What a platform says about a consumer, and the checks that turn it into settings.
//!
//! Owns: every bound, each with the field it belongs to. Refuses: storing.

use std::collections::BTreeMap;

use crate::domain::consumer::{
    CONSUMER_METADATA_BYTES_MAX, CONSUMER_NAME_CHARS_MAX, ConsumerSettings, ConsumerUid,
};
use crate::domain::email::parse_address;
use crate::domain::webhook::{RATE_MAX, RATE_MIN};
use crate::service::{FieldError, Refusal, text};

/// A consumer's properties as a caller gives them. Absent properties keep their value; `Some(None)`
/// is an explicit null.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerInput {
    /// The platform's own id for it.
    pub uid: Option<String>,
    /// What people call it.
    pub name: Option<String>,
    /// The platform's own words.
    pub metadata: Option<BTreeMap<String, String>>,
    /// Deliveries per second over all of its webhooks; null means no limit.
    pub rate_limit: Option<Option<f64>>,
    /// Where it is told of what becomes of its webhooks; null means nowhere.
    pub alert_url: Option<Option<String>>,
    /// Where it is told of it by mail; null means nowhere.
    pub alert_email: Option<Option<String>>,
}

/// What a platform said, checked.
#[derive(Clone, Debug)]
pub(in crate::service) struct CheckedConsumer {
    pub(in crate::service) uid: Option<ConsumerUid>,
    pub(in crate::service) settings: ConsumerSettings,
}

/// Applies what a caller said to `base`.
///
/// # Errors
/// Every field at fault.
pub(in crate::service) fn check(
    input: &ConsumerInput,
    base: ConsumerSettings,
) -> Result<CheckedConsumer, Refusal> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, message: String| {
        faults.push(FieldError {
            field: field.to_owned(),
            message,
        });
    };
    let uid = input.uid.as_deref().map(ConsumerUid::parse).transpose();
    let uid = uid.unwrap_or_else(|message| {
        fault("uid", message);
        None
    });
    let mut settings = base;
    if let Some(name) = &input.name {
        if let Err(message) = text::check(name, CONSUMER_NAME_CHARS_MAX) {
            fault("name", message);
        }
        settings.name.clone_from(name);
    }
    if let Some(metadata) = &input.metadata {
        if let Err(message) = check_size(metadata) {
            fault("metadata", message);
        }
        settings.metadata.clone_from(metadata);
    }
    if let Some(rate_limit) = input.rate_limit {
        if rate_limit.is_some_and(|rate| !(RATE_MIN..=RATE_MAX).contains(&rate)) {
            let message =
                format!("must lie between {RATE_MIN} and {RATE_MAX} deliveries per second");
            fault("rate_limit", message);
        }
        settings.rate_limit = rate_limit;
    }
    if let Some(alert_url) = &input.alert_url {
        settings.alert_url.clone_from(alert_url);
    }
    if let Some(alert_email) = &input.alert_email {
        let parsed = alert_email.as_deref().map(parse_address).transpose();
        match parsed {
            Ok(alert_email) => settings.alert_email = alert_email,
            Err(message) => faults.push(FieldError {
                field: "alert_email".to_owned(),
                message,
            }),
        }
    }
    if faults.is_empty() {
        Ok(CheckedConsumer { uid, settings })
    } else {
        Err(Refusal::Invalid(faults))
    }
}

fn check_size(metadata: &BTreeMap<String, String>) -> Result<(), String> {
    let bytes = serde_json::to_string(metadata).map_or(usize::MAX, |text| text.len());
    if bytes > CONSUMER_METADATA_BYTES_MAX {
        return Err(format!(
            "must have at most {CONSUMER_METADATA_BYTES_MAX} bytes as JSON"
        ));
    }
    Ok(())
}
