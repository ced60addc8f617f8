//! `hookpost apply` a second time: whatever a file may say, once it is so there is nothing to change.

use serde_json::{Value, json};

use super::shell::Shell;
use crate::receiver::Receiver;

const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

/// Applies a file until nothing is to be changed, which the second time must say; what the first told.
#[track_caller]
fn settles(shell: &Shell, name: &str, text: &str) -> Value {
    let file = shell.file(name, text);
    let told = shell.json(&format!("apply {file}"));
    let again = shell.says(&format!("apply {file}"));
    assert!(again.ends_with("nothing to change\n"), "{text}: {again}");
    told["changes"].clone()
}

fn everything(url: &str) -> String {
    format!(
        r##"
[settings]
strict_event_types = false
aliases = true
alert_url = "{url}alerts"
alert_emails = ["ops@example.com"]
retention = {{ delivered = "48h", keep_latest = 10 }}
keep_data = "60m"
portal_origins = ["https://App.example"]
webhooks_per_consumer = 7
branding = {{ name = "Acme", accent = "#FD0", logo = "{PNG}" }}

[[profiles]]
name = "ours"
envelope = [{{ name = "kind", from = "type" }}, {{ name = "data", from = "data" }}]
headers = {{ x-ours-id = "{{event_id}}", x-ours-tenant = "{{workspace_id}}" }}

[profiles.signature]
header = "x-ours-signature"
encoding = "hex"
content = "{{body}}"
key = "utf8"

[profiles.secret]
generate = "hex64"

[[profiles]]
name = "hub"
gallery = "github"

[[event_types]]
name = "order.paid"
description = "Money arrived"
group = "orders"
example = {{ id = 1, at = "60s" }}
feature_flags = ["beta"]

[[event_types.versions]]
version = 1
schema = {{ type = "object", required = ["id"] }}

[[webhooks]]
label = "Shop"
url = "{url}"
event_types = ["order.*"]
profile = "ours"
timeout = "60s"
max_in_flight = 3
rate_limit = 5
headers = {{ X-Env = "prod", x-api-key = "hidden" }}
auth = {{ type = "basic", username = "u", password = "p" }}
retry_policy = {{ delays = ["1s", "60s"], give_up_on = [404, "5xx"] }}
ordered_by = "/data/customer"
batch = {{ max = 10, wait = "1000ms" }}
disable_after = "120h"
disable_after_failures = 10
metadata = {{ team = "blue" }}
channels = ["eu"]
filter = {{ "data.n" = {{ "$gte" = 1.0 }} }}
active = false
"##
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_field_of_toml_and_json_is_there_after_the_first_time() {
    let shell = Shell::open();
    let receiver = Receiver::start().await;
    let text = everything(&receiver.url("/"));
    let told = settles(&shell, "all.toml", &text);
    let done = |change: &Value| format!("{} {}", change["action"], change["kind"]);
    let done: Vec<String> = told.as_array().unwrap().iter().map(done).collect();
    assert_eq!(done.len(), 6, "{told:#}");
    let settings = shell.json("settings show");
    assert_eq!(settings["branding"]["accent"], "#ffdd00");
    assert_eq!(settings["branding"]["logo_type"], "image/png");

    // The same as JSON is the same.
    let value: Value = toml::from_str(&text).unwrap();
    let file = shell.file("all.json", &value.to_string());
    let again = shell.json(&format!("apply {file}"));
    assert_eq!(again["changes"], json!([]), "{again:#}");

    // Null in the place of what was said takes it back, once.
    let reset = |from: &Value, kept: &[&str]| -> Value {
        let members = from.as_object().unwrap().iter();
        let reset = members.map(|(name, value)| match kept.contains(&name.as_str()) {
            true => (name.clone(), value.clone()),
            false => (name.clone(), Value::Null),
        });
        Value::Object(reset.collect())
    };
    let kept = ["strict_event_types", "aliases"];
    let hook = ["label", "url", "event_types", "profile", "active"];
    let nothing = json!({
        "settings": reset(&value["settings"], &kept),
        "webhooks": [reset(&value["webhooks"][0], &hook)],
    });
    let told = settles(&shell, "nothing.json", &nothing.to_string());
    assert_eq!(told.as_array().unwrap().len(), 2, "{told:#}");
    let settings = shell.json("settings show");
    assert_eq!(
        settings["branding"]["logo_type"],
        Value::Null,
        "{settings:#}"
    );
    assert_eq!(settings["webhooks_per_consumer"], 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_profile_is_told_whole_changed_as_a_whole_and_then_there() {
    let shell = Shell::open();
    let receiver = Receiver::start().await;
    let text = everything(&receiver.url("/"));
    let file = shell.file("all.toml", &text);
    let dry = shell.says(&format!("apply {file} --dry-run"));
    // What a profile sends is no secret; what a webhook adds may be, and a logo is long.
    assert!(dry.contains(r#""x-ours-id":"{event_id}""#), "{dry}");
    assert!(!dry.contains("hidden"), "{dry}");
    settles(&shell, "all.toml", &text);
    let less = text.replace(", x-ours-tenant = \"{workspace_id}\"", "");
    let told = settles(&shell, "less.toml", &less);
    assert_eq!(told.as_array().unwrap().len(), 1, "{told:#}");
    assert_eq!(told[0]["name"], "ours");
    assert_eq!(told[0]["fields"][0]["field"], "headers");
    assert_eq!(
        told[0]["fields"][0]["to"],
        json!({"x-ours-id": "{event_id}"})
    );
    let none = less.replace("headers = { x-ours-id = \"{event_id}\" }", "");
    let told = settles(&shell, "none.toml", &none);
    assert_eq!(told[0]["fields"][0]["to"], Value::Null, "{told:#}");
    let shown = shell.json("profiles show ours");
    assert_eq!(shown["document"]["headers"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_success_prints_is_json_for_scripts_and_lines_for_people() {
    let shell = Shell::open();
    let receiver = Receiver::start().await;
    let url = receiver.url("/");
    let one =
        json!({"webhooks": [{"label": "One", "url": url, "event_types": ["*"], "timeout": null}]});
    let file = shell.file("one.json", &one.to_string());
    let told = shell.says(&format!("apply {file}"));
    assert!(told.starts_with("+ webhook One\n"), "{told}");
    assert!(
        told.contains("    secret whsec_") && told.ends_with("1 change\n"),
        "{told}"
    );
    let again = shell.json(&format!("apply {file}"));
    assert_eq!(
        again,
        json!({"applied": true, "changes": [], "not_compared": []})
    );
    let dry = shell.json(&format!("apply {file} --dry-run"));
    assert_eq!(
        dry,
        json!({"applied": false, "changes": [], "not_compared": []})
    );
}
