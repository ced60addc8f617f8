//! Whether what is declared is there already, however the server spells it.
//!
//! Owns: which fields are compared by what they mean: durations, URLs, a colour, a logo, a retry policy, null
//! where it stands for something. Every other field is as it was given, or it differs. Refuses: looking
//! behind `***`: what does not read back is said not to have been compared.

use serde_json::{Value, json};
use url::Url;

use crate::domain::feature_flag::FeatureFlags;
use crate::domain::time::parse_duration;

mod settings;
mod webhook;

pub(super) use settings::setting;
pub(super) use webhook::{needs_profile, of_webhook};

/// How what is declared of a field compares with what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Likeness {
    Same,
    Different,
    /// Nothing that can be read differs; these members of it cannot be read.
    Unread(Vec<String>),
}

/// How a field of an event type, or of a version of one, compares.
pub(super) fn of_event_type(field: &str, wanted: &Value, present: &Value) -> Likeness {
    let texts = wanted.as_array().map(|items| items.iter());
    let texts = texts.and_then(|items| items.map(|one| one.as_str().map(str::to_owned)).collect());
    let flags = texts.and_then(|texts: Vec<String>| FeatureFlags::parse(&texts).ok());
    let is_same = match (field, flags) {
        ("feature_flags", Some(flags)) => json!(flags.names()) == *present,
        _ => wanted == present,
    };
    match is_same {
        true => Likeness::Same,
        false => Likeness::Different,
    }
}

/// How a part of a profile compares: what is there is all that is declared, and no more.
pub(super) fn of_profile(_: &str, wanted: &Value, present: &Value) -> Likeness {
    match wanted == present {
        true => Likeness::Same,
        false => Likeness::Different,
    }
}

/// Whether two values are one, or durations of one length.
fn is_same_duration(wanted: &Value, present: &Value) -> bool {
    let read = |value: &Value| value.as_str().and_then(|text| parse_duration(text).ok());
    wanted == present || read(wanted).is_some_and(|wanted| read(present) == Some(wanted))
}

/// Whether two values are one, or URLs that lead to one place.
fn is_same_url(wanted: &Value, present: &Value) -> bool {
    let read = |value: &Value| value.as_str().and_then(|text| Url::parse(text).ok());
    wanted == present || read(wanted).is_some_and(|wanted| read(present) == Some(wanted))
}
