//! The API from a shell, verb by verb: what is printed for people, for scripts, and with which code.

use std::io::{BufRead, BufReader};
use std::process::Output;

use serde_json::{Value, json};

use super::process::{Running, Server, complaint, hookpost, run, stdout_of};
use crate::receiver::{Receiver, Reply};

/// A running server, a key of the instance, and a shell that talks to it.
pub(super) struct Shell {
    pub(super) dir: tempfile::TempDir,
    pub(super) server: Server,
    pub(super) key: String,
}

impl Shell {
    pub(super) fn open() -> Self {
        Self::open_with(&[])
    }

    /// As [`Shell::open`], of a server with `options`.
    pub(super) fn open_with(options: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::start_with(&dir.path().join("data"), options);
        let data = dir.path().join("data");
        let create = ["key", "create", "--name", "k", "--data-dir"];
        let key = stdout_of(&[&create[..], &[data.to_str().unwrap()]].concat());
        Self { dir, server, key }
    }

    pub(super) fn run(&self, words: &[&str]) -> Output {
        let mut command = hookpost(words);
        command.args(["--server", &self.server.url, "--api-key", &self.key]);
        command.env_remove("COLUMNS").output().unwrap()
    }

    /// What a command prints that succeeds; every time of day in it says its zone.
    #[track_caller]
    pub(super) fn says(&self, line: &str) -> String {
        let words: Vec<&str> = line.split_whitespace().collect();
        let output = self.run(&words);
        assert!(output.status.success(), "{line}: {output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        for time in times(&said) {
            let zone =
                time.trim_start_matches(['.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
            assert!(zone.starts_with('Z'), "{line}: {said}");
        }
        said
    }

    /// As [`Shell::says`], in a terminal of so many columns.
    #[track_caller]
    pub(super) fn says_within(&self, line: &str, columns: &str) -> String {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut command = hookpost(&words);
        command.args(["--server", &self.server.url, "--api-key", &self.key]);
        let output = command.env("COLUMNS", columns).output().unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    pub(super) fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.says(&format!("{line} --json"))).unwrap()
    }

    #[track_caller]
    pub(super) fn complains(&self, line: &str) -> String {
        let words: Vec<&str> = line.split_whitespace().collect();
        let said = complaint(&self.run(&words), 1);
        assert_eq!(said.lines().count(), 1, "{said}");
        said
    }

    pub(super) fn file(&self, name: &str, text: &str) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A webhook to `receiver` that never retries; its id.
    pub(super) fn webhook(&self, receiver: &Receiver) -> String {
        let url = receiver.url("/hook");
        let create = format!("webhooks create --url {url} --event-type a.* --label Shop");
        let policy = "--retry-policy {\"delays\":[]}";
        let made = self.json(&format!("{create} {policy}"));
        made["id"].as_str().unwrap().to_owned()
    }
}

/// What stands behind the seconds of each time of day in a text.
fn times(text: &str) -> impl Iterator<Item = &str> {
    const SHAPE: &[u8] = b"00:00:00";
    let at = text.as_bytes().windows(SHAPE.len()).enumerate();
    at.filter_map(|(at, window)| {
        let mut both = window.iter().zip(SHAPE);
        let fits = |(own, shape): (&u8, &u8)| match shape {
            b':' => own == shape,
            _ => own.is_ascii_digit(),
        };
        both.all(fits).then(|| &text[at + SHAPE.len()..])
    })
}

/// The labelled line of a member.
#[track_caller]
fn line<'a>(text: &'a str, label: &str) -> &'a str {
    let found = text.lines().find_map(|line| {
        let rest = line.strip_prefix(label)?;
        rest.starts_with(' ').then(|| rest.trim())
    });
    found.unwrap_or_else(|| panic!("no {label} in {text}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_and_their_deliveries_are_looked_after() {
    let shell = Shell::open();
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(500).body("broken"));
    let id = shell.webhook(&receiver);
    let shown = shell.says(&format!("webhooks show {id}"));
    assert_eq!(line(&shown, "label"), "Shop");
    assert_eq!(line(&shown, "event types"), "a.*");
    assert!(line(&shown, "created").ends_with('Z'), "{shown}");
    let changed = shell.json(&format!(
        "webhooks update {id} --timeout 5s --max-in-flight 3 --metadata team=blue"
    ));
    assert_eq!(changed["timeout"], "5s");
    assert_eq!(changed["metadata"], json!({"team": "blue"}));
    let output = shell.run(&["events", "send", "--type", "a.b", "--data", "{\"n\":1.0}"]);
    let event = String::from_utf8(output.stdout).unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "1 delivery\n");
    let dead = |page: &Value| page["data"].as_array().unwrap().len() == 1;
    let list = shell.server.poll(&shell.key, "/dead-letters", dead).await;
    let event = event.trim_end();
    let shown = shell.says(&format!("events show {event}"));
    assert!(
        shown.contains("\"n\": 1.0") && shown.contains("exhausted"),
        "{shown}"
    );
    let delivery = list["data"][0]["id"].as_str().unwrap();
    assert_lists(&shell);
    let shown = shell.says(&format!("deliveries show {delivery}"));
    for words in [
        "\nrequest headers\n",
        "webhook-signature: ",
        "\nrequest body\n",
        "\"n\": 1.0",
        "\nattempt 1\n",
        "\nanswer's headers\n",
        "\nanswer's body\n  broken\n",
    ] {
        assert!(shown.contains(words), "no {words} in {shown}");
    }
    assert_eq!(line(&shown, "status"), "exhausted");
    assert!(
        shell
            .complains(&format!("deliveries cancel {delivery}"))
            .contains("409")
    );
    shell.says(&format!("webhooks delete {id}"));
    assert!(
        shell
            .complains(&format!("webhooks show {id}"))
            .contains("404")
    );
}

/// A list says what went wrong last, not only that something did.
fn assert_lists(shell: &Shell) {
    for list in ["deliveries list", "dead-letters list"] {
        let table = shell.says(list);
        let mut rows = table.lines();
        let (heading, row) = (rows.next().unwrap(), rows.next().unwrap());
        assert!(
            heading.contains("RESULT") && heading.ends_with("CREATED"),
            "{table}"
        );
        assert!(row.contains(" 500 ") && row.ends_with('Z'), "{table}");
        let wide = shell.says_within(list, "400");
        assert!(
            wide.contains("LAST ERROR") && wide.contains("  status  "),
            "{wide}"
        );
    }
    let hooks = shell.says_within("webhooks list", "400");
    assert!(
        hooks.contains("LAST ERROR") && hooks.contains("answered 500"),
        "{hooks}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_are_discarded_restored_retried_and_recovered() {
    let shell = Shell::open();
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(500));
    let id = shell.webhook(&receiver);
    let event = shell.says("events send --type a.b --data 1");
    let event = event.trim_end();
    let dead = |page: &Value| page["data"].as_array().unwrap().len() == 1;
    let list = shell.server.poll(&shell.key, "/dead-letters", dead).await;
    let delivery = list["data"][0]["id"].as_str().unwrap();
    shell.says(&format!("dead-letters discard {delivery}"));
    assert_eq!(shell.json("dead-letters list")["data"], json!([]));
    let discarded = shell.says("dead-letters list --discarded");
    assert!(discarded.contains(delivery), "{discarded}");
    shell.says(&format!("dead-letters restore {delivery}"));
    let failed = shell.says("dead-letters retry --all");
    assert_eq!(failed, "1 delivery: 1 failed again\n");
    receiver.answer(Reply::status(200));
    let since = "--since 2026-01-01T00:00:00Z --include exhausted,missed";
    let recovered = shell.says(&format!("webhooks recover {id} {since}"));
    assert_eq!(recovered, "1 delivery: 1 delivered\n");
    let jobs = shell.json("jobs list");
    let job = jobs["data"][0]["id"].as_str().unwrap();
    let shown = shell.says(&format!("jobs show {job}"));
    assert_eq!(
        (line(&shown, "kind"), line(&shown, "delivered")),
        ("recover", "1")
    );
    assert!(
        shell
            .complains(&format!("jobs cancel {job}"))
            .contains("409")
    );
    let narrowed = shell.json(&format!("deliveries list --job {job}"));
    assert_eq!(narrowed["data"][0]["id"], delivery);
    let replayed = shell.says(&format!("events replay {event} --webhook {id}"));
    assert_eq!(replayed, "1 delivery\n");
    let stats = shell.says(&format!("webhooks stats {id}"));
    assert_eq!(line(&stats, "exhausted"), "0", "{stats}");
}

#[test]
fn versions_of_event_types_are_looked_after_published_and_pinned() {
    let shell = Shell::open();
    shell.says("event-types create order.paid");
    let schema = shell.file("schema.json", r#"{"required": ["price"]}"#);
    let versions = "event-types versions";
    let made = shell.json(&format!(
        "{versions} create order.paid --schema-file {schema}"
    ));
    assert_eq!(
        (&made["version"], &made["schema"]["required"][0]),
        (&json!("1"), &json!("price"))
    );
    shell.says(&format!("{versions} create order.paid 2026-03-16"));
    let pinned = shell
        .json(r#"webhooks create --event-type * --kind poll --pinned-versions {"order.paid":"1"}"#);
    assert_eq!(pinned["pinned_versions"]["order.paid"], "1");
    let sent = "events send --type order.paid --data {\"price\":1} --version 1";
    assert_eq!(shell.json(sent)["version"], "1");
    assert!(
        shell
            .says(&format!("{versions} list order.paid"))
            .contains("2026-03-16")
    );
    let ended = shell.json(&format!("{versions} update order.paid 1 --archived true"));
    assert_eq!(
        (&ended["archived"], &ended["pinned_by"]),
        (&json!(true), &json!(1))
    );
    assert!(
        shell
            .complains(&format!("{versions} delete order.paid 1"))
            .contains("pinned")
    );
    let webhook = pinned["id"].as_str().unwrap();
    shell.says(&format!("webhooks update {webhook} --pinned-versions null"));
    shell.says(&format!("{versions} delete order.paid 1"));
    assert!(
        shell
            .complains(&format!("{versions} show order.paid 1"))
            .contains("404")
    );
}

#[test]
fn the_catalogue_profiles_keys_and_settings_are_looked_after() {
    let shell = Shell::open();
    let schema = shell.file("schema.json", r#"{"type": "object", "required": ["id"]}"#);
    let create = "event-types create order.paid --description Money --group orders";
    let made = shell.says(&format!("{create} --schema-file {schema}"));
    assert_eq!(line(&made, "description"), "Money");
    let changed = shell.json("event-types update order.paid --archived true");
    assert_eq!(changed["archived"], true);
    assert_eq!(changed["schema"]["required"], json!(["id"]));
    assert!(shell.says("event-types list").contains("order.paid"));
    shell.says("event-types delete order.paid");
    assert!(
        shell
            .complains("event-types show order.paid")
            .contains("404")
    );

    let document = shell.json("profiles show standard")["document"].clone();
    let file = shell.file("ours.json", &document.to_string());
    let refused = shell.complains(&format!("profiles put ours {file}"));
    assert!(refused.contains("name"), "{refused}");
    let mut document = document;
    document["name"] = json!("ours");
    let file = shell.file("ours.json", &document.to_string());
    assert_eq!(
        line(&shell.says(&format!("profiles put ours {file}")), "origin"),
        "api"
    );
    assert!(shell.says("profiles list").contains("ours"));
    shell.says("profiles delete ours");

    let token = shell.says("api-keys create --name ci --scope events:read");
    assert!(token.starts_with("hpk_"), "{token}");
    let keys = shell.json("api-keys list");
    assert_eq!(keys["data"][0]["name"], "ci");
    shell.says(&format!(
        "api-keys revoke {}",
        keys["data"][0]["id"].as_str().unwrap()
    ));

    let strict = "settings update --strict-event-types true --retention-delivered 24h";
    assert_eq!(line(&shell.says(strict), "strict types"), "yes");
    let settings = shell.json("settings show");
    assert_eq!(settings["retention"]["delivered"], "24h");
    let log = shell.says("audit-log");
    assert!(log.contains("workspace.update"), "{log}");
    assert_eq!(line(&shell.says("stats"), "attempts"), "0");
}

#[test]
fn users_are_barred_and_given_another_role() {
    let shell = Shell::open();
    let data = shell.dir.path().join("data");
    let on = |words: &[&str]| stdout_of(&[words, &["--data-dir", data.to_str().unwrap()]].concat());
    on(&["user", "create", "--email", "a@example.com"]);
    on(&[
        "user",
        "create",
        "--email",
        "b@example.com",
        "--role",
        "viewer",
    ]);
    on(&["user", "role", "--email", "b@example.com", "operator"]);
    on(&["user", "disable", "--email", "b@example.com"]);
    let list = || -> Value { serde_json::from_str(&on(&["user", "list", "--json"])).unwrap() };
    assert_eq!(
        (&list()[0]["role"], &list()[0]["disabled"]),
        (&json!("operator"), &json!(true))
    );
    assert!(on(&["user", "list"]).contains("disabled"));
    on(&["user", "enable", "--email", "b@example.com"]);
    assert_eq!(list()[0]["disabled"], false);
    let words = ["user", "disable", "--email", "a@example.com", "--data-dir"];
    let last = run(&[&words[..], &[data.to_str().unwrap()]].concat());
    let refused = complaint(&last, 1);
    assert!(refused.contains("owner"), "{refused}");
    on(&["user", "delete", "--email", "b@example.com"]);
    assert_eq!(list().as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tail_prints_what_is_new_as_it_happens() {
    let shell = Shell::open();
    let receiver = Receiver::start().await;
    shell.webhook(&receiver);
    shell.says("events send --type a.first --data 1");
    receiver.wait_for(1).await;
    let mut tail = hookpost(&["deliveries", "tail", "--json"]);
    tail.args(["--server", &shell.server.url, "--api-key", &shell.key]);
    let mut tail = Running::start(&mut tail);
    let lines = BufReader::new(tail.0.stdout.take().unwrap()).lines();
    let mut lines = lines.map_while(Result::ok);
    let mut next = |wanted: &str| {
        lines.find(|line| {
            let one: Value = serde_json::from_str(line).unwrap();
            one["event_type"] == wanted && one["status"] == "delivered"
        })
    };
    assert!(next("a.first").is_some());
    shell.says("events send --type a.second --data 2");
    assert!(next("a.second").is_some());
}
