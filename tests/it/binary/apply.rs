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
    let again = shell.says(&format!("apply {file}"));
    assert!(again.ends_with("nothing to change\n"), "{again}");
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

fn versions(receiver: &str, versions: &str, pinned: &str) -> String {
    format!(
        r#"
[[event_types]]
name = "order.paid"
description = "Money arrived"
{versions}

[[webhooks]]
label = "Shop"
url = "{receiver}"
event_types = ["*"]
pinned_versions = {{ "order.paid" = {pinned} }}
filter = {{ "version" = {{ "$in" = ["1", "60s"] }} }}
"#
    )
}

const FIRST: &str = "[[event_types.versions]]\nversion = 1\nexample = { wait = \"60s\" }";
const SECOND: &str = "[[event_types.versions]]\nversion = \"2026-03-16\"\narchived = false\n\
                      schema = { type = \"object\", required = [\"amount\"] }";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_of_event_types_and_what_pins_them_are_declared_together() {
    let shell = Shell::open();
    let receiver = Receiver::start().await;
    let url = receiver.url("/hook");
    let check = |text: &str, options: &str, expect: &[&str]| {
        let file = shell.file("versions.toml", text);
        let dry = shell.says(&format!("apply {file} {options} --dry-run"));
        let told = shell.says(&format!("apply {file} {options}"));
        for words in expect {
            assert!(dry.contains(words), "no {words} in {dry}");
            assert!(told.contains(words), "no {words} in {told}");
        }
        let again = shell.says(&format!("apply {file} {options}"));
        assert_eq!(again, "nothing to change\n", "{text}");
    };
    let both = format!("{FIRST}\n{SECOND}");
    check(
        &versions(&url, &both, "1"),
        "",
        &[
            "+ event type order.paid",
            "+ event type version order.paid 1",
            "+ event type version order.paid 2026-03-16",
            "+ webhook Shop",
        ],
    );
    let there = shell.json("event-types versions list order.paid");
    assert_eq!(
        there["data"][0]["version"], "2026-03-16",
        "the last is the newest"
    );
    let hook = shell.json("webhooks list");
    assert_eq!(hook["data"][0]["pinned_versions"]["order.paid"], "1");

    // Of a version as well, only what differs is told, and an example is no duration.
    let changed = both.replace("60s", "1m").replace("Money", "More money");
    let told = ["~ event type version order.paid 1", "\"60s\"", "\"1m\""];
    check(&versions(&url, &changed, "1"), "", &told);
    let text = versions(&url, &changed, "1").replace("Money", "More money");
    check(&text, "", &["~ event type order.paid", "More money"]);

    // What leaves the list stays unless it is pruned, and is let go before it leaves.
    let text = text
        .replace(FIRST, "")
        .replace(&FIRST.replace("60s", "1m"), "");
    let pinning = text.replace("= 1 }", "= \"2026-03-16\" }");
    check(&pinning, "", &["~ webhook Shop", "1 change"]);
    check(
        &pinning,
        "--prune",
        &["- event type version order.paid 1", "1 change"],
    );
    let none = "[[event_types]]\nname = \"order.sent\"\n";
    check(
        none,
        "--prune",
        &[
            "- webhook Shop",
            "- event type order.paid",
            "+ event type order.sent",
        ],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_a_webhook_pins_does_not_leave() {
    let shell = Shell::open();
    let receiver = Receiver::start().await;
    let text = versions(&receiver.url("/"), &format!("{FIRST}\n{SECOND}"), "1");
    let file = shell.file("pinned.toml", &text);
    shell.says(&format!("apply {file}"));
    let catalogue = format!(
        "[[event_types]]\nname = \"order.paid\"\n{SECOND}\n[[webhooks]]\nlabel = \"Shop\"\nurl = \"{}\"\n",
        receiver.url("/")
    );
    let file = shell.file("pruned.toml", &catalogue);
    let said = shell.complains(&format!("apply {file} --prune"));
    assert!(said.contains("pinned by webhooks (1)"), "{said}");
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
    let versions = "[[event_types]]\nname = \"a\"\n[[event_types.versions]]\n";
    check("f.toml", versions, "a has a version without a name");
    check(
        "g.toml",
        &format!("{versions}version = 1\n[[event_types.versions]]\nversion = \"1\""),
        "version 1 of a is declared twice",
    );
    check(
        "h.toml",
        "[[event_types]]\nname = \"a\"\nversions = 1",
        "no list of tables",
    );
    let typo = "{\"event_types\": [{\"name\": \"a\"}], \"webhooks\": [{\"url\": \"http://127.0.0.1:9000/\", \
                \"event_types\": [\"a\"], \"labl\": \"x\"}]}";
    // What is the server's to refuse ends what is under way.
    let file = shell.file("e.json", typo);
    let output = shell.run(&["apply", &file]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    let expect = "webhook http://127.0.0.1:9000/ (1 of 2 changes were made): labl";
    assert!(said.contains(expect), "{said}");
}
