//! `hookpost apply`: a declared state, shown, made, and then there.

use serde_json::json;

use super::shell::Shell;
use crate::receiver::Receiver;

fn declaration(receiver: &str) -> String {
    format!(
        r#"
[settings]
strict_event_types = true
retention = {{ delivered = "48h" }}

[[event_types]]
name = "order.paid"
description = "Money arrived"
schema = {{ type = "object", required = ["id"] }}

[[webhooks]]
label = "Shop"
url = "{receiver}"
event_types = ["order.paid"]
timeout = "60s"
headers = {{ X-Env = "prod", authorization = "Bearer hidden" }}
retry_policy = {{ delays = ["1s", "60s"] }}
secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
"#
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_declared_state_is_shown_applied_and_then_there() {
    let shell = Shell::open();
    let receiver = Receiver::start().await;
    let file = shell.file("state.toml", &declaration(&receiver.url("/hook")));
    let dry = shell.says(&format!("apply {file} --dry-run"));
    for words in [
        "~ settings default",
        "+ event type order.paid",
        "+ webhook Shop",
        "timeout: \"60s\"",
        "3 changes; nothing was changed",
    ] {
        assert!(dry.contains(words), "no {words} in {dry}");
    }
    assert!(!dry.contains("hidden") && !dry.contains("whsec_"), "{dry}");
    assert_eq!(shell.json("webhooks list")["data"], json!([]));
    let applied = shell.json(&format!("apply {file}"));
    assert_eq!(applied["applied"], true);
    assert_eq!(
        applied["changes"].as_array().unwrap().len(),
        3,
        "{applied:#}"
    );
    assert_eq!(shell.says(&format!("apply {file}")), "nothing to change\n");
    let webhooks = shell.json("webhooks list");
    assert_eq!(webhooks["data"][0]["timeout"], "1m");
    let id = webhooks["data"][0]["id"].clone();

    // A change touches what it names; what the file no longer names is kept unless it is pruned.
    let url = receiver.url("/other");
    shell.says(&format!(
        "webhooks create --url {url} --event-type order.paid --label Other"
    ));
    let changed =
        declaration(&receiver.url("/hook")).replace("\"60s\"\nheaders", "\"5s\"\nheaders");
    let file = shell.file("state.toml", &changed);
    let told = shell.says(&format!("apply {file}"));
    assert!(
        told.contains("timeout: \"1m\" → \"5s\"") && told.ends_with("1 change\n"),
        "{told}"
    );
    let pruned = shell.json(&format!("apply {file} --prune"));
    assert_eq!(pruned["changes"][0]["action"], "delete");
    assert_eq!(pruned["changes"][0]["name"], "Other");
    let left = shell.json("webhooks list");
    assert_eq!(left["data"].as_array().unwrap().len(), 1);
    assert_eq!(left["data"][0]["id"], id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_consumers_own_is_theirs_unless_the_file_declares_something_for_them() {
    let shell = Shell::open();
    let receiver = Receiver::start().await;
    let url = receiver.url("/hook");
    for uid in ["acme", "beta"] {
        shell.says(&format!("consumers create {uid}"));
        shell.says(&format!(
            "webhooks create --url {url} --event-type * --consumer {uid}"
        ));
    }
    let own = format!("[[webhooks]]\nurl = \"{url}\"\nevent_types = [\"*\"]\n");
    let file = shell.file("own.toml", &own);
    let pruned = shell.json(&format!("apply {file} --prune"));
    assert_eq!(pruned["changes"][0]["action"], "create", "{pruned:#}");
    assert_eq!(pruned["changes"].as_array().unwrap().len(), 1);
    let for_both = ["acme", "beta"].map(|uid| format!("{own}consumer = \"{uid}\"\n"));
    let file = shell.file("both.toml", &for_both.concat());
    let pruned = shell.json(&format!("apply {file} --prune"));
    assert_eq!(pruned["changes"][0]["action"], "delete", "{pruned:#}");
    assert_eq!(pruned["changes"].as_array().unwrap().len(), 1);
    let left = shell.json("webhooks list");
    assert_eq!(left["data"].as_array().unwrap().len(), 2);
}

#[test]
fn a_declaration_that_makes_no_sense_is_refused_before_anything_changes() {
    let shell = Shell::open();
    let check = |name: &str, text: &str, expect: &str| {
        let file = shell.file(name, text);
        let said = shell.complains(&format!("apply {file}"));
        assert!(said.contains(expect), "{text}: {said}");
    };
    check("a.toml", "webhook = []", "unknown field `webhook`");
    check("b.toml", "[[webhooks]]\nlabel = \"x\"", "without a url");
    check("c.json", "{", "is not JSON");
    check(
        "d.toml",
        "[[event_types]]\nname = \"a\"\n[[event_types]]\nname = \"a\"",
        "twice",
    );
    let typo = "{\"event_types\": [{\"name\": \"a\"}], \"webhooks\": [{\"url\": \"http://127.0.0.1:9000/\", \
                \"event_types\": [\"a\"], \"labl\": \"x\"}]}";
    check(
        "e.json",
        typo,
        "webhook http://127.0.0.1:9000/ (1 of 2 changes were made)",
    );
}
