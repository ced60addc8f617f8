//! `hookpost apply` notices every difference: each row here is a change, or a refusal that says why not.

use serde_json::{Value, json};

use super::shell::Shell;
use crate::receiver::Receiver;

/// The smallest pictures that pass for one.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
const OTHER_PNG: &str = "iVBORw0KGgoAAAANSUhEUi4uLi5JRU5ErkJggg==";
const NO_PICTURE: &str = "bm8gcGljdHVyZQ==";

/// Applies a state.
#[track_caller]
fn apply(shell: &Shell, state: &Value, options: &str) -> Value {
    let file = shell.file("state.json", &state.to_string());
    shell.json(&format!("apply {file} {options}"))
}

/// The changes that a state takes, which is there afterwards.
#[track_caller]
fn changes(shell: &Shell, state: &Value, options: &str) -> Vec<Value> {
    let told = apply(shell, state, options)["changes"].clone();
    let again = apply(shell, state, options);
    assert_eq!(again["changes"], json!([]), "{state}");
    told.as_array().unwrap().clone()
}

/// Why a state is refused.
#[track_caller]
fn refusal(shell: &Shell, state: &Value) -> String {
    let file = shell.file("state.json", &state.to_string());
    shell.complains(&format!("apply {file}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_these_is_a_change_to_a_webhook() {
    let shell = Shell::open();
    let receiver = Receiver::start().await;
    let url = receiver.url("/");
    // The delays of the profile `standard`, and everything else a little different.
    let delays = json!(["1s", "5s", "30s", "2m", "10m", "1h"]);
    let standard = json!({"delays": delays, "then_every": "1h", "give_up_after": "24h"});
    let policy = |member: &str, value: Value| {
        let mut policy = standard.clone();
        policy[member] = value;
        json!({ "retry_policy": policy })
    };
    let null = json!({"retry_policy": null});
    let rows = [
        (
            json!({"metadata": {"a": "60s"}}),
            json!({"metadata": {"a": "1m"}}),
        ),
        (
            json!({"metadata": {"a": "https://a.example"}}),
            json!({"metadata": {"a": "https://a.example/"}}),
        ),
        (json!({"metadata": {"a": ""}}), json!({"metadata": null})),
        (
            json!({"headers": {"x-env": "60s"}}),
            json!({"headers": {"x-env": "1m"}}),
        ),
        (json!({"channels": ["60s"]}), json!({"channels": ["1m"]})),
        (json!({"aliases": false}), json!({"aliases": null})),
        (policy("give_up_on", json!(["404"])), null.clone()),
        (policy("retry_on", json!(["5xx"])), null.clone()),
        (policy("jitter", json!(false)), null.clone()),
        (policy("give_up_after", json!("25h")), null),
        (
            policy("give_up_on", json!(["404"])),
            json!({"retry_policy": "standard"}),
        ),
        (
            policy("give_up_on", json!(["404"])),
            json!({"retry_policy": standard}),
        ),
        (
            json!({"auth": {"type": "basic", "username": "60s", "password": "***"}}),
            json!({"auth": {"type": "basic", "username": "1m", "password": "***"}}),
        ),
    ];
    for (at, (before, after)) in rows.into_iter().enumerate() {
        let state = |fields: &Value| {
            let mut hook = fields.clone();
            hook["label"] = json!(format!("row {at}"));
            hook["url"] = json!(url);
            hook["event_types"] = json!(["*"]);
            json!({"webhooks": [hook]})
        };
        let with_password = before.to_string().replace("***", "p");
        let first = serde_json::from_str(&with_password).unwrap();
        let made = apply(&shell, &state(&first), "");
        assert_eq!(made["changes"][0]["action"], "create", "{before}");
        assert_eq!(changes(&shell, &state(&before), "").len(), 0, "{before}");
        let told = changes(&shell, &state(&after), "");
        assert_eq!(told.len(), 1, "{before} to {after}");
        let (field, _) = after.as_object().unwrap().iter().next().unwrap();
        let fields = told[0]["fields"].as_array().unwrap();
        assert_eq!((fields.len(), &fields[0]["field"]), (1, &json!(field)));
    }
}

#[test]
fn each_of_these_is_a_change_to_settings_or_refused() {
    let shell = Shell::open();
    let branding = |name: &str, value: Value| json!({"branding": {name: value}});
    let rows = [
        (
            branding("name", json!("60s")),
            branding("name", json!("1m")),
        ),
        (
            branding("logo", json!(PNG)),
            branding("logo", json!(OTHER_PNG)),
        ),
        (
            branding("logo", json!(OTHER_PNG)),
            branding("logo", json!(null)),
        ),
        (json!({"keep_data": "60s"}), json!({"keep_data": "2m"})),
    ];
    for (before, after) in rows {
        let state = |settings: &Value| json!({ "settings": settings });
        apply(&shell, &state(&before), "");
        assert_eq!(changes(&shell, &state(&after), "").len(), 1, "{after}");
    }
    for (settings, words) in [
        (branding("logo", json!(NO_PICTURE)), "PNG, JPEG or WebP"),
        (branding("logo_typo", json!(null)), "logo_typo"),
        (json!({"strict_event_typez": null}), "strict_event_typez"),
        (json!({"strict_event_types": null}), "strict_event_types"),
        (json!({"retention": {"deliverd": null}}), "deliverd"),
    ] {
        let said = refusal(&shell, &json!({ "settings": settings }));
        assert!(said.contains(words), "{settings}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_nothing_has_is_refused_by_the_server() {
    let shell = Shell::open();
    let receiver = Receiver::start().await;
    let mut hook = json!({"label": "Shop", "url": receiver.url("/"), "event_types": ["*"],
        "auth": {"type": "bearer", "token": "t"}});
    let mut state = json!({
        "event_types": [{"name": "a", "versions": [{"version": "1"}]}],
        "profiles": [{"name": "hub", "gallery": "github"}],
        "webhooks": [hook],
    });
    apply(&shell, &state, "");
    for (path, member) in [
        ("/event_types/0", "descriptio"),
        ("/event_types/0/versions/0", "descriptio"),
        ("/profiles/0", "envelop"),
        ("/webhooks/0", "timeot"),
        ("/webhooks/0/auth", "tokn"),
    ] {
        let before = state.clone();
        state.pointer_mut(path).unwrap()[member] = Value::Null;
        let said = refusal(&shell, &state);
        assert!(said.contains(member), "{path}: {said}");
        state = before;
    }
    hook["retry_policy"] = json!({"delays": ["1s"]});
    apply(&shell, &json!({"webhooks": [hook]}), "");
    hook["retry_policy"]["dealys"] = Value::Null;
    let said = refusal(&shell, &json!({"webhooks": [hook]}));
    assert!(said.contains("retry_policy"), "{said}");
}

#[test]
fn versions_are_declared_in_the_order_in_which_they_are_added() {
    let shell = Shell::open();
    let state = |names: &[&str]| {
        let versions: Vec<Value> = names.iter().map(|name| json!({"version": name})).collect();
        json!({"event_types": [{"name": "order.paid", "versions": versions}]})
    };
    apply(&shell, &state(&["1", "2"]), "");
    let said = refusal(&shell, &state(&["2", "1"]));
    let words = "version 2 of order.paid is declared before 1, but was added after it";
    assert!(said.contains(words), "{said}");
    let said = refusal(&shell, &state(&["1", "3", "2"]));
    let words = "version 3 of order.paid is declared before 2, which is there already";
    assert!(said.contains(words), "{said}");
    assert_eq!(changes(&shell, &state(&["2"]), "").len(), 0);
    assert_eq!(changes(&shell, &state(&["2", "3"]), "").len(), 1);
    let there = shell.json("event-types versions list order.paid");
    assert_eq!(there["data"][0]["version"], "3", "{there:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn profiles_that_a_list_of_them_does_not_name_are_pruned_last_unless_they_are_used() {
    let shell = Shell::open();
    let receiver = Receiver::start().await;
    let hub = |name: &str| json!({"name": name, "gallery": "github"});
    let hook = |profile: &str| json!({"label": profile, "url": receiver.url("/"), "event_types": ["*"], "profile": profile});
    let both = json!({"profiles": [hub("one"), hub("two")], "webhooks": [hook("one")]});
    apply(&shell, &both, "");
    // A file without a list of profiles means none of them.
    let silent = json!({"webhooks": [hook("one")]});
    assert_eq!(changes(&shell, &silent, "--prune").len(), 0);
    let one = json!({"profiles": [hub("one")], "webhooks": [hook("one")]});
    assert_eq!(changes(&shell, &one, "").len(), 0);
    let told = changes(&shell, &one, "--prune");
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(
        (&told[0]["kind"], &told[0]["name"], &told[0]["action"]),
        (&json!("profile"), &json!("two"), &json!("delete"))
    );
    let file = shell.file(
        "used.json",
        &json!({"profiles": [], "webhooks": [hook("one")]}).to_string(),
    );
    let said = shell.complains(&format!("apply {file} --prune"));
    assert!(said.contains("the profile one is used by"), "{said}");
    // Behind the webhook that uses it, it can leave.
    let told = changes(&shell, &json!({"profiles": []}), "--prune");
    let kinds: Vec<&Value> = told.iter().map(|change| &change["kind"]).collect();
    assert_eq!(kinds, ["webhook", "profile"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_made_before_a_refusal_is_told_with_its_secret() {
    let shell = Shell::open();
    let receiver = Receiver::start().await;
    let state = |good: &str, bad: &str| {
        let hook = |label: &str, event_type: &str| json!({"label": label, "url": receiver.url("/"), "event_types": [event_type]});
        json!({"webhooks": [hook(good, "a"), hook(bad, "no such type!")]}).to_string()
    };
    let file = shell.file("people.json", &state("Good", "Bad"));
    let output = shell.run(&["apply", &file]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    for words in [
        "+ webhook Good\n",
        "    secret whsec_",
        "1 change made before a refusal\n",
    ] {
        assert!(said.contains(words), "no {words} in {said}");
    }
    let why = String::from_utf8(output.stderr).unwrap();
    assert!(
        why.contains("webhook Bad (1 of 2 changes were made)"),
        "{why}"
    );
    let file = shell.file("scripts.json", &state("Another", "Bad"));
    let output = shell.run(&["apply", &file, "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["applied"], false, "{told:#}");
    assert_eq!(told["changes"].as_array().unwrap().len(), 1, "{told:#}");
    let secret = told["changes"][0]["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_"), "{told:#}");
}
