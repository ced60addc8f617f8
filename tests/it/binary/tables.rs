//! What commands print fits the terminal, and what goes wrong is said once.

use unicode_width::UnicodeWidthStr;

use super::process::{complaint, hookpost, run};
use super::shell::Shell;

#[test]
fn tables_fit_eighty_columns_with_whole_ids_and_a_zone_on_every_time() {
    let shell = Shell::open();
    let long = format!("https://receiver.example.com/{}", "a/".repeat(60));
    for label in [
        "配送センターの倉庫と返品窓口のための受信先",
        "📦🚚📦🚚📦🚚📦🚚📦🚚📦🚚",
    ] {
        shell.says(&format!(
            "webhooks create --url {long} --event-type a --label {label}"
        ));
    }
    let wide = format!("event-types create {}", "order.".repeat(15) + "paid");
    shell.says(&format!(
        "{wide} --description 注文の支払いが完了しました、ありがとうございます。"
    ));
    shell.says("workspaces create --name 配送センターの倉庫と返品窓口");
    shell.says("consumers create acme --name 配送センターの倉庫と返品窓口のための会社");
    let id = shell.json(&format!(
        "webhooks create --url {long} --event-type order.*"
    ))["id"]
        .take();
    let id = id.as_str().unwrap();
    shell.says("events send --type order.paid --data {}");
    for list in [
        "webhooks list",
        "deliveries list",
        "events list",
        "api-keys list",
        "jobs list",
        "event-types list",
        "profiles list",
        "audit-log",
        "dead-letters list",
        "workspaces list",
        "consumers list",
        "profiles gallery",
        "webhooks templates",
        "retries summary",
    ] {
        let table = shell.says(list);
        for line in table.lines() {
            assert!(line.width() <= 80, "{list}: {line}");
        }
    }
    assert!(shell.says("webhooks list").contains(id));
    let events = shell.says("events list");
    let occurred = events.lines().nth(1).unwrap().split("  ").nth(1).unwrap();
    assert!(occurred.len() == 20 && occurred.ends_with('Z'), "{events}");
    // A wider terminal has room for all.
    let mut wide = hookpost(&["webhooks", "list"]);
    wide.args(["--server", &shell.server.url, "--api-key", &shell.key]);
    let wide = wide.env("COLUMNS", "400").output().unwrap();
    assert!(String::from_utf8(wide.stdout).unwrap().contains(&long));
}

#[test]
fn what_goes_wrong_is_said_once_on_one_line() {
    let shell = Shell::open();
    let said = shell.complains("webhooks create --url ftp://x --event-type a");
    assert_eq!(said.matches("url").count(), 1, "{said}");
    let gone = run(&[
        "webhooks",
        "list",
        "--server",
        "http://127.0.0.1:9",
        "--api-key",
        "k",
    ]);
    let said = complaint(&gone, 1);
    assert_eq!(said.lines().count(), 1, "{said}");
    let mut clauses: Vec<&str> = said.split(": ").map(str::trim).collect();
    let all = clauses.len();
    clauses.sort_unstable();
    clauses.dedup();
    assert_eq!(clauses.len(), all, "{said}");
    let said = shell.complains("events send --type a --data-file /no/such/file");
    assert_eq!(said.matches("/no/such/file").count(), 1, "{said}");
    assert_eq!(
        said.to_lowercase()
            .matches("no such file or directory")
            .count(),
        1,
        "{said}"
    );
}
