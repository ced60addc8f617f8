//! Whether what is declared is there already, however the server spells it.
//!
//! Owns: durations, URLs, colours and names of headers that are spelt differently, parts of objects that
//! are filled up with defaults, and null, which reads back as what it stands for. Refuses: looking behind
//! `***`, and at a logo, of which only the kind is told: what cannot be read counts as declared.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};
use url::Url;

use crate::domain::branding::{LogoKind, Rgb, WEBHOOKS_PER_CONSUMER_DEFAULT};
use crate::domain::profile::Profile;
use crate::domain::retry::RetryPolicy;
use crate::domain::time::{format_duration, parse_duration};
use crate::domain::webhook::IN_FLIGHT_DEFAULT;

/// How a value reads back that is not told again.
const SEALED: &str = "***";
/// Objects that the server fills up with defaults.
const FILLED_UP: [&str; 3] = ["retry_policy", "auth", "retention"];
/// What a webhook takes from its wire profile where null is said.
const OF_PROFILE: [&str; 2] = ["timeout", "retry_policy"];
/// What reads back as it was given, whatever its texts look like.
const VERBATIM: [&str; 6] = [
    "schema",
    "example",
    "description",
    "label",
    "filter",
    "template",
];

/// Whether the field called `field` is as declared.
pub(super) fn is_same(field: &str, wanted: &Value, present: &Value) -> bool {
    match (field, wanted) {
        ("retry_policy", Value::String(profile)) => match Profile::built_in_named(profile) {
            Some(profile) => is_policy(profile.retry_policy(), present),
            None => false,
        },
        ("headers", Value::Object(headers)) => {
            let lower = headers
                .iter()
                .map(|(name, value)| (name.to_lowercase(), value.clone()));
            is_equal(&Value::Object(lower.collect()), present)
        }
        ("pinned_versions", Value::Null) => is_equal(&json!({}), present),
        ("pinned_versions", Value::Object(pins)) => {
            let texts = pins.iter().map(|(name, version)| match version {
                Value::Number(number) => (name.clone(), json!(number.to_string())),
                version => (name.clone(), version.clone()),
            });
            Value::Object(texts.collect()) == *present
        }
        ("branding", Value::Object(looks)) => looks
            .iter()
            .all(|(name, value)| is_same_look(name, value, present)),
        ("label" | "description", Value::Null) => is_nothing(present),
        (field, wanted) if VERBATIM.contains(&field) => wanted == present,
        (field, Value::Null) => is_default(field, present),
        (field, wanted) if FILLED_UP.contains(&field) => is_same_part(field, wanted, present),
        (_, wanted) => is_equal(wanted, present),
    }
}

/// Whether everything that is declared of an object is there.
pub(super) fn is_same_part(_: &str, wanted: &Value, present: &Value) -> bool {
    match (wanted, present) {
        (Value::Object(wanted), Value::Object(present)) => {
            let nothing = Value::Null;
            wanted.iter().all(|(name, value)| {
                is_same_part(name, value, present.get(name).unwrap_or(&nothing))
            })
        }
        (wanted, present) => is_equal(wanted, present),
    }
}

/// Whether what is there of a profile is all that is declared, and no more.
pub(super) fn is_same_whole(_: &str, wanted: &Value, present: &Value) -> bool {
    wanted == present
}

/// Whether null, declared of this field, stands for what a webhook of this wire profile has. What another's
/// own profile says is not known here and counts as declared.
pub(super) fn is_of_profile(field: &str, profile: &Value, present: &Value) -> bool {
    let profile = profile.as_str().and_then(Profile::built_in_named);
    OF_PROFILE.contains(&field)
        && profile.is_none_or(|profile| match field {
            "timeout" => is_equal(&json!(format_duration(profile.timeout())), present),
            _ => is_policy(profile.retry_policy(), present),
        })
}

/// Whether a part of the portal's looks is as declared.
fn is_same_look(name: &str, wanted: &Value, present: &Value) -> bool {
    match (name, wanted) {
        ("logo", wanted) => {
            let text = wanted
                .as_str()
                .map(|text| text.rsplit(',').next().unwrap_or(text));
            let bytes = text.and_then(|text| BASE64_STANDARD.decode(text).ok());
            let kind = bytes.as_deref().and_then(LogoKind::of);
            kind.map(LogoKind::as_str) == present["logo_type"].as_str()
        }
        ("accent", Value::String(colour)) => {
            let shown = present[name].as_str().and_then(Rgb::parse);
            Rgb::parse(colour).is_some_and(|colour| Some(colour) == shown)
        }
        (name, wanted) => is_equal(wanted, &present[name]),
    }
}

/// Whether this is what null stands for.
fn is_default(field: &str, present: &Value) -> bool {
    match field {
        "keep_data" => present == "retention",
        "webhooks_per_consumer" => *present == WEBHOOKS_PER_CONSUMER_DEFAULT,
        "max_in_flight" => *present == IN_FLIGHT_DEFAULT,
        "method" => present == "POST",
        "content_type" => present == "application/json",
        _ => is_nothing(present),
    }
}

/// Whether nothing is said: also by an object that says nothing.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) | Value::Number(_) => false,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(is_nothing),
    }
}

/// Whether the schedule is that of a built-in profile.
fn is_policy(wanted: &RetryPolicy, present: &Value) -> bool {
    let spelt = |duration: &Duration| format_duration(*duration);
    let delays: Vec<String> = wanted.delays().iter().map(spelt).collect();
    let every = wanted.repeat().map(|repeat| spelt(&repeat.every));
    is_equal(&json!(delays), &present["delays"]) && is_equal(&json!(every), &present["then_every"])
}

fn is_equal(wanted: &Value, present: &Value) -> bool {
    match (wanted, present) {
        (_, Value::String(present)) if present == SEALED => true,
        (Value::String(wanted), Value::String(present)) => is_same_text(wanted, present),
        (Value::Number(wanted), Value::Number(present)) => wanted.as_f64() == present.as_f64(),
        (Value::Number(wanted), Value::String(present)) => wanted.to_string() == *present,
        (Value::Array(wanted), Value::Array(present)) => {
            wanted.len() == present.len()
                && wanted
                    .iter()
                    .zip(present)
                    .all(|(one, other)| is_equal(one, other))
        }
        (Value::Object(wanted), Value::Object(present)) => is_equal_object(wanted, present),
        (wanted, present) => wanted == present,
    }
}

fn is_equal_object(wanted: &Map<String, Value>, present: &Map<String, Value>) -> bool {
    let has = |(name, value): (&String, &Value)| {
        present
            .get(name)
            .is_some_and(|present| is_equal(value, present))
    };
    wanted.len() == present.len() && wanted.iter().all(has)
}

fn is_same_text(wanted: &str, present: &str) -> bool {
    let durations = || {
        parse_duration(wanted)
            .ok()
            .zip(parse_duration(present).ok())
    };
    let urls = || Url::parse(wanted).ok().zip(Url::parse(present).ok());
    wanted == present
        || durations().is_some_and(|(wanted, present)| wanted == present)
        || urls().is_some_and(|(wanted, present)| wanted == present)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spelt_differently_is_the_same() {
        let check = |field: &str, wanted: Value, present: Value, expect: bool| {
            assert_eq!(
                is_same(field, &wanted, &present),
                expect,
                "{wanted} {present}"
            );
        };
        check("timeout", json!("60s"), json!("1m"), true);
        check("timeout", json!("61s"), json!("1m"), false);
        check(
            "url",
            json!("https://A.example"),
            json!("https://a.example/"),
            true,
        );
        check("rate_limit", json!(5), json!(5.0), true);
        check("headers", json!({"X-A": "b"}), json!({"x-a": "b"}), true);
        check(
            "headers",
            json!({"x-api-key": "k"}),
            json!({"x-api-key": "***"}),
            true,
        );
        check("headers", json!({}), json!({"x-a": "b"}), false);
        check(
            "metadata",
            json!({"a": "1"}),
            json!({"a": "1", "b": "2"}),
            false,
        );
        let policy = json!({"delays": ["1s"], "then_every": null, "jitter": true});
        check(
            "retry_policy",
            json!({"delays": ["1s"]}),
            policy.clone(),
            true,
        );
        check("retry_policy", json!({"delays": ["2s"]}), policy, false);
        check(
            "auth",
            json!({"type": "bearer", "token": "t"}),
            json!({"type": "bearer", "token": "***"}),
            true,
        );
        check("event_types", json!(["a"]), json!(["a", "b"]), false);
        check("filter", json!(null), json!(null), true);
        check("example", json!({"in": "60s"}), json!({"in": "1m"}), false);
        check("label", json!("60s"), json!("1m"), false);
        let pinned = json!({"order.paid": "2"});
        check(
            "pinned_versions",
            json!({"order.paid": 2}),
            pinned.clone(),
            true,
        );
        check(
            "pinned_versions",
            json!({"order.paid": "1"}),
            pinned.clone(),
            false,
        );
        check("pinned_versions", json!(null), pinned, false);
        check("pinned_versions", json!(null), json!({}), true);
        check("timeout", json!(null), json!("10s"), false);
        check("keep_data", json!(null), json!("24h"), false);
        check("rate_limit", json!(null), json!(0), false);
    }

    #[test]
    fn of_the_portals_looks_only_what_is_declared_counts() {
        let looks = json!({"name": "Acme", "accent": "#ffdd00", "logo_type": "image/png",
            "footer_link": {"text": "Help", "url": "https://example.com/"}, "hide_brand": true});
        let said = |looks_said: Value, expect: bool| {
            let same = is_same("branding", &looks_said, &looks);
            assert_eq!(same, expect, "{looks_said}");
        };
        said(json!({"name": "Acme", "accent": "#FD0"}), true);
        said(json!({"name": "Acme & Co"}), false);
        said(json!({"accent": "#fd1"}), false);
        said(json!({"logo": null}), false);
        said(json!({"hide_brand": false}), false);
        said(
            json!({"footer_link": {"text": "Help", "url": "https://example.com"}}),
            true,
        );
        said(json!(null), false);
    }
}
