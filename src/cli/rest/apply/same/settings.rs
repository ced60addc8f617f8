//! A workspace's settings.
//!
//! Owns: how each compares, the portal's looks included. Refuses: what webhooks say.

use serde_json::{Map, Value, json};
use url::Url;

use super::{Likeness, is_same_duration, is_same_url};
use crate::domain::branding::{Rgb, WEBHOOKS_PER_CONSUMER_DEFAULT};
use crate::service::portal::picture;
use crate::service::workspaces::logo_digest;

/// How a setting compares.
pub(in crate::cli::rest::apply) fn setting(
    field: &str,
    wanted: &Value,
    present: &Value,
) -> Likeness {
    let is_same = match (field, wanted) {
        ("alert_url", _) => is_same_url(wanted, present),
        ("alert_emails" | "portal_origins", Value::Null) => *present == json!([]),
        ("portal_origins", Value::Array(origins)) => listed_once(origins) == *present,
        ("webhooks_per_consumer", Value::Null) => *present == WEBHOOKS_PER_CONSUMER_DEFAULT,
        ("keep_data", Value::Null) => present == "retention",
        ("keep_data", _) => is_same_duration(wanted, present),
        ("retention" | "branding", Value::Null) => says_nothing(present),
        ("retention", Value::Object(parts)) => has_all(parts, present, is_same_duration),
        ("branding", Value::Object(looks)) => looks
            .iter()
            .all(|(name, value)| is_same_look(name, value, present)),
        (_, wanted) => wanted == present,
    };
    match is_same {
        true => Likeness::Same,
        false => Likeness::Different,
    }
}

/// Whether all that is declared of an object is there; of a member that it cannot have, nothing is.
fn has_all(wanted: &Map<String, Value>, present: &Value, same: fn(&Value, &Value) -> bool) -> bool {
    wanted.iter().all(|(name, value)| {
        present
            .get(name)
            .is_some_and(|present| same(value, present))
    })
}

/// Whether no member of an object says anything.
fn says_nothing(value: &Value) -> bool {
    let mut members = value.as_object().into_iter().flat_map(Map::values);
    members.all(|member| member.is_null() || *member == json!(false))
}

/// Origins as the server lists them: by scheme, host and port, each once.
fn listed_once(origins: &[Value]) -> Value {
    let mut listed: Vec<Value> = Vec::new();
    for one in origins {
        let url = one.as_str().and_then(|text| Url::parse(text).ok());
        let origin = url.map_or_else(
            || one.clone(),
            |url| json!(url.origin().ascii_serialization()),
        );
        if !listed.contains(&origin) {
            listed.push(origin);
        }
    }
    Value::Array(listed)
}

/// Whether a part of the portal's looks is as declared.
fn is_same_look(name: &str, wanted: &Value, looks: &Value) -> bool {
    let text = wanted.as_str();
    match name {
        "logo" if wanted.is_null() => looks["logo_sha256"].is_null(),
        "logo" => {
            let read = text.and_then(|text| picture(text).ok());
            read.is_some_and(|(_, bytes)| looks["logo_sha256"] == logo_digest(&bytes))
        }
        "accent" if wanted.is_string() => {
            let shown = looks[name].as_str().and_then(Rgb::parse);
            let colour = text.and_then(Rgb::parse);
            colour.is_some_and(|colour| Some(colour) == shown)
        }
        "footer_link" if wanted.is_object() => {
            let (said, shown) = (wanted.as_object(), &looks[name]);
            said.is_some_and(|said| said.len() == 2)
                && wanted["text"] == shown["text"]
                && is_same_url(&wanted["url"], &shown["url"])
        }
        _ => looks.get(name) == Some(wanted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_what_it_means_and_text_is_what_it_says() {
        let check = |field: &str, wanted: Value, present: Value, expect: bool| {
            let same = setting(field, &wanted, &present);
            assert_eq!(same == Likeness::Same, expect, "{field} {wanted} {present}");
        };
        check("keep_data", json!("60m"), json!("1h"), true);
        check("keep_data", json!(null), json!("24h"), false);
        check("keep_data", json!(null), json!("retention"), true);
        check(
            "alert_url",
            json!("https://A.test"),
            json!("https://a.test/"),
            true,
        );
        check("name", json!("60s"), json!("1m"), false);
        check("strict_event_types", json!(null), json!(false), false);
        let kept = json!({"delivered": "48h", "exhausted": null, "keep_latest": null});
        check("retention", json!({"delivered": "2d"}), kept.clone(), true);
        check("retention", json!({"exhausted": null}), kept.clone(), true);
        check("retention", json!({"deliverd": null}), kept.clone(), false);
        check("retention", json!(null), kept, false);
        let origins = json!(["https://a.test"]);
        check(
            "portal_origins",
            json!(["https://A.test/", "https://a.test"]),
            origins.clone(),
            true,
        );
        check("portal_origins", json!(["no url"]), origins, false);
    }

    #[test]
    fn of_the_portals_looks_only_what_is_declared_counts() {
        let looks = json!({"name": "1m", "accent": "#ffdd00", "logo_type": null, "logo_sha256": null,
            "footer_link": {"text": "Help", "url": "https://example.com/"}, "hide_brand": true});
        let said = |looks_said: Value, expect: bool| {
            let same = setting("branding", &looks_said, &looks);
            assert_eq!(same == Likeness::Same, expect, "{looks_said}");
        };
        said(json!({"name": "1m", "accent": "#FD0"}), true);
        said(json!({"name": "60s"}), false);
        said(json!({"accent": "#fd1"}), false);
        said(json!({"logo": null}), true);
        said(json!({"logo": "bm8gcGljdHVyZQ=="}), false);
        said(json!({"hide_brand": false}), false);
        said(json!({"hide_brandt": null}), false);
        let link = |text: &str, url: &str| json!({"footer_link": {"text": text, "url": url}});
        said(link("Help", "https://example.com"), true);
        said(link("Help", "https://example.org"), false);
        said(link("Hilfe", "https://example.com"), false);
        said(json!({"footer_link": {"text": "Help"}}), false);
        said(json!(null), false);
    }
}
