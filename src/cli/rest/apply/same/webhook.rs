//! A webhook's fields.
//!
//! Owns: how each compares; credentials among them read back as `***` and are named in the place of being
//! compared. Refuses: reading a retry policy: what the server makes of one is the server's own reading.

use serde_json::{Map, Value, json};

use super::{Likeness, is_same_duration, is_same_url};
use crate::api::webhooks::RetryRequest;
use crate::domain::header::is_credential;
use crate::domain::profile::Profile;
use crate::domain::retry::RetryPolicy;
use crate::domain::time::format_duration;
use crate::domain::webhook::IN_FLIGHT_DEFAULT;
use crate::service::webhooks::{MASK, RetryInput};

/// What a proof may say besides its type.
const AUTH_MEMBERS: [&str; 11] = [
    "username",
    "password",
    "token",
    "token_url",
    "client_id",
    "client_secret",
    "scope",
    "audience",
    "certificate",
    "private_key",
    "ca",
];
/// What a proof says of itself; the server takes it and goes by the certificate.
const AUTH_FACTS: [&str; 2] = ["subject", "expires_at"];

/// Whether what is declared of a webhook leaves something to its wire profile.
pub(in crate::cli::rest::apply) fn needs_profile(wanted: &Map<String, Value>) -> bool {
    let is_partial =
        |policy: &Value| policy.is_null() || policy.is_object() && policy["delays"].is_null();
    wanted.get("timeout").is_some_and(Value::is_null)
        || wanted.get("retry_policy").is_some_and(is_partial)
}

/// How a field of a webhook of this wire profile compares; an unknown profile gives nothing to compare with.
pub(in crate::cli::rest::apply) fn of_webhook(
    profile: Option<&Profile>,
    field: &str,
    wanted: &Value,
    present: &Value,
) -> Likeness {
    match field {
        "headers" => headers(wanted, present),
        "auth" => auth(wanted, present),
        "ca" => sealed(field.to_owned(), wanted, present),
        "retry_policy" => retry_policy(profile.map(Profile::retry_policy), wanted, present),
        "timeout" if wanted.is_null() => match profile {
            Some(profile) if *present == format_duration(profile.timeout()) => Likeness::Same,
            Some(_) => Likeness::Different,
            None => Likeness::Unread(vec![field.to_owned()]),
        },
        field if is_same(field, wanted, present) => Likeness::Same,
        _ => Likeness::Different,
    }
}

fn is_same(field: &str, wanted: &Value, present: &Value) -> bool {
    match (field, wanted) {
        // Null says no more of these than silence does.
        ("profile" | "format", Value::Null) => true,
        ("label", Value::Null) => present == "",
        ("method", Value::Null) => present == "POST",
        ("content_type", Value::Null) => present == "application/json",
        ("max_in_flight", Value::Null) => *present == IN_FLIGHT_DEFAULT,
        ("metadata" | "pinned_versions", Value::Null) => *present == json!({}),
        ("pinned_versions", Value::Object(pins)) => {
            let texts = pins.iter().map(|(name, version)| match version {
                Value::Number(number) => (name.clone(), json!(number.to_string())),
                version => (name.clone(), version.clone()),
            });
            Value::Object(texts.collect()) == *present
        }
        ("event_types", Value::Array(patterns)) => {
            let mut once: Vec<&Value> = Vec::new();
            for pattern in patterns {
                if !once.contains(&pattern) {
                    once.push(pattern);
                }
            }
            json!(once) == *present
        }
        ("batch", Value::Object(batch)) => {
            batch.len() == 2
                && wanted["max"] == present["max"]
                && is_same_duration(&wanted["wait"], &present["wait"])
        }
        ("rate_limit", Value::Number(rate)) => rate.as_f64() == present.as_f64(),
        ("url", _) => is_same_url(wanted, present),
        ("timeout" | "disable_after", _) => is_same_duration(wanted, present),
        (_, wanted) => wanted == present,
    }
}

/// The policies as the server reads them, whole: what a declared one leaves out has its default.
fn retry_policy(default: Option<&RetryPolicy>, wanted: &Value, present: &Value) -> Likeness {
    let standard = RetryPolicy::standard();
    let read = |policy: &Value| {
        let read: RetryRequest = serde_json::from_value(policy.clone()).ok()?;
        RetryInput::from(read)
            .policy(default.unwrap_or(&standard))
            .ok()
    };
    let is_partial = wanted.is_null() || wanted.is_object() && wanted["delays"].is_null();
    if is_partial && default.is_none() {
        return Likeness::Unread(vec!["retry_policy".to_owned()]);
    }
    let wanted = match wanted {
        Value::Null => default.cloned(),
        wanted => read(wanted),
    };
    match wanted.is_some() && wanted == read(present) {
        true => Likeness::Same,
        false => Likeness::Different,
    }
}

fn headers(wanted: &Value, present: &Value) -> Likeness {
    let (Value::Object(wanted), Value::Object(there)) = (wanted, present) else {
        return match wanted.is_null() && *present == json!({}) {
            true => Likeness::Same,
            false => Likeness::Different,
        };
    };
    if wanted.len() != there.len() {
        return Likeness::Different;
    }
    let nothing = Value::Null;
    all(wanted.iter().map(|(name, value)| {
        let name = name.to_lowercase();
        let there = there.get(&name).unwrap_or(&nothing);
        match is_credential(&name) {
            true => sealed(format!("headers.{name}"), value, there),
            false if value == there => Likeness::Same,
            false => Likeness::Different,
        }
    }))
}

fn auth(wanted: &Value, present: &Value) -> Likeness {
    let (Value::Object(said), Value::Object(there)) = (wanted, present) else {
        return match wanted == present {
            true => Likeness::Same,
            false => Likeness::Different,
        };
    };
    let mut unsaid = there.keys().filter(|name| !said.contains_key(*name));
    if unsaid.any(|name| name != "ca" && !AUTH_FACTS.contains(&name.as_str())) {
        return Likeness::Different;
    }
    all(said.iter().map(|(name, value)| {
        let is_known = AUTH_MEMBERS.contains(&name.as_str());
        match there.get(name) {
            _ if AUTH_FACTS.contains(&name.as_str()) => Likeness::Same,
            // Of authorities, null inside a proof says nothing; of the rest it takes away.
            Some(_) if name == "ca" && value.is_null() => Likeness::Same,
            None if is_known && value.is_null() => Likeness::Same,
            Some(there) if there == MASK => sealed(format!("auth.{name}"), value, there),
            Some(there) if name == "token_url" && is_same_url(value, there) => Likeness::Same,
            Some(there) if value == there => Likeness::Same,
            Some(_) | None => Likeness::Different,
        }
    }))
}

/// A value that reads back as `***`, which sent back means the present one.
fn sealed(called: String, wanted: &Value, present: &Value) -> Likeness {
    match wanted == present {
        true => Likeness::Same,
        false if wanted.is_string() && present == MASK => Likeness::Unread(vec![called]),
        false => Likeness::Different,
    }
}

/// How a whole compares by its parts.
fn all(parts: impl Iterator<Item = Likeness>) -> Likeness {
    let mut unread = Vec::new();
    for part in parts {
        match part {
            Likeness::Same => {}
            Likeness::Different => return Likeness::Different,
            Likeness::Unread(members) => unread.extend(members),
        }
    }
    match unread.is_empty() {
        true => Likeness::Same,
        false => Likeness::Unread(unread),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_like(field: &str, wanted: &Value, present: &Value, expect: &Likeness) {
        let profile = Profile::standard();
        let found = of_webhook(Some(&profile), field, wanted, present);
        assert_eq!(found, *expect, "{field} {wanted} {present}");
    }

    #[test]
    fn what_means_the_same_is_the_same_and_text_is_what_it_says() {
        let check = |field: &str, wanted: Value, present: Value, expect: Likeness| {
            assert_like(field, &wanted, &present, &expect);
        };
        check("timeout", json!("60s"), json!("1m"), Likeness::Same);
        check("timeout", json!("61s"), json!("1m"), Likeness::Different);
        check("timeout", json!(null), json!("1s"), Likeness::Different);
        check(
            "url",
            json!("https://A.test"),
            json!("https://a.test/"),
            Likeness::Same,
        );
        check("rate_limit", json!(5), json!(5.0), Likeness::Same);
        check("rate_limit", json!(null), json!(0), Likeness::Different);
        check(
            "batch",
            json!({"max": 2, "wait": "1000ms"}),
            json!({"max": 2, "wait": "1s"}),
            Likeness::Same,
        );
        check(
            "batch",
            json!({"max": 2}),
            json!({"max": 2, "wait": "1s"}),
            Likeness::Different,
        );
        check(
            "metadata",
            json!({"a": "60s"}),
            json!({"a": "1m"}),
            Likeness::Different,
        );
        check(
            "metadata",
            json!(null),
            json!({"a": ""}),
            Likeness::Different,
        );
        check(
            "channels",
            json!(["60s"]),
            json!(["1m"]),
            Likeness::Different,
        );
        check("label", json!("60s"), json!("1m"), Likeness::Different);
        check("aliases", json!(null), json!(false), Likeness::Different);
    }

    #[test]
    fn patterns_and_pins_are_compared_as_the_server_keeps_them() {
        let check = |field: &str, wanted: Value, present: Value, expect: Likeness| {
            assert_like(field, &wanted, &present, &expect);
        };
        check(
            "event_types",
            json!(["a", "a"]),
            json!(["a"]),
            Likeness::Same,
        );
        check(
            "event_types",
            json!(["a"]),
            json!(["a", "b"]),
            Likeness::Different,
        );
        let pinned = json!({"order.paid": "2"});
        check(
            "pinned_versions",
            json!({"order.paid": 2}),
            pinned.clone(),
            Likeness::Same,
        );
        check(
            "pinned_versions",
            json!({"order.paid": "1"}),
            pinned.clone(),
            Likeness::Different,
        );
        check("pinned_versions", json!(null), pinned, Likeness::Different);
    }

    #[test]
    fn a_retry_policy_is_compared_whole() {
        let check = |field: &str, wanted: Value, present: Value, expect: Likeness| {
            assert_like(field, &wanted, &present, &expect);
        };
        let policy = json!({"delays": ["1s"], "then_every": null, "give_up_after": null, "jitter": true,
            "give_up_on": ["404"]});
        check(
            "retry_policy",
            json!({"delays": ["1000ms"], "give_up_on": [404]}),
            policy.clone(),
            Likeness::Same,
        );
        check(
            "retry_policy",
            json!({"delays": ["1s"]}),
            policy.clone(),
            Likeness::Different,
        );
        check(
            "retry_policy",
            json!({"delays": ["2s"], "give_up_on": [404]}),
            policy.clone(),
            Likeness::Different,
        );
        check(
            "retry_policy",
            json!("standard"),
            policy.clone(),
            Likeness::Different,
        );
        let unknown = of_webhook(None, "retry_policy", &json!(null), &policy);
        assert_eq!(unknown, Likeness::Unread(vec!["retry_policy".to_owned()]));
    }

    #[test]
    fn what_reads_back_masked_is_named_and_the_rest_compared() {
        let check = |field: &str, wanted: Value, present: Value, expect: Likeness| {
            assert_like(field, &wanted, &present, &expect);
        };
        let unread = |names: &[&str]| {
            Likeness::Unread(names.iter().map(|name| (*name).to_owned()).collect())
        };
        check(
            "headers",
            json!({"X-A": "b"}),
            json!({"x-a": "b"}),
            Likeness::Same,
        );
        check(
            "headers",
            json!({"x-a": "60s"}),
            json!({"x-a": "1m"}),
            Likeness::Different,
        );
        check(
            "headers",
            json!({}),
            json!({"x-a": "b"}),
            Likeness::Different,
        );
        let key = json!({"x-a": "b", "x-api-key": "***"});
        check(
            "headers",
            json!({"x-a": "b", "X-Api-Key": "k"}),
            key.clone(),
            unread(&["headers.x-api-key"]),
        );
        check(
            "headers",
            json!({"x-a": "c", "x-api-key": "k"}),
            key,
            Likeness::Different,
        );
        let token = json!({"type": "bearer", "token": "***"});
        check(
            "auth",
            json!({"type": "bearer", "token": "t"}),
            token.clone(),
            unread(&["auth.token"]),
        );
        check("auth", token.clone(), token.clone(), Likeness::Same);
        check(
            "auth",
            json!({"type": "bearer", "token": "t", "tokn": null}),
            token.clone(),
            Likeness::Different,
        );
        check("auth", json!(null), token, Likeness::Different);
        check("ca", json!("PEM"), json!("***"), unread(&["ca"]));
        check("ca", json!("PEM"), json!(null), Likeness::Different);
    }
}
