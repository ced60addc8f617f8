//! Whether what is declared is there already, however the server spells it.
//!
//! Owns: durations, URLs and names of headers that are spelt differently, parts of objects that are
//! filled up with defaults. Refuses: looking behind `***`: what cannot be read counts as declared.

use std::time::Duration;

use serde_json::{Map, Value, json};
use url::Url;

use crate::domain::profile::Profile;
use crate::domain::retry::RetryPolicy;
use crate::domain::time::{format_duration, parse_duration};

/// How a value reads back that is not told again.
const SEALED: &str = "***";
/// Objects that the server fills up with defaults.
const FILLED_UP: [&str; 3] = ["retry_policy", "auth", "retention"];
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
        (field, wanted) if VERBATIM.contains(&field) => wanted == present,
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
    }
}
