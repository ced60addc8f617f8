//! What commands print fits the terminal, and what goes wrong is said once.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::json;
use unicode_width::UnicodeWidthStr;

use super::process::{complaint, hookpost, run};
use super::shell::Shell;
use crate::app::PATIENCE;

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
    fill(&shell);
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

/// Makes a dead letter of which nobody answered, and a job that failed to deliver it again.
fn fill(shell: &Shell) {
    let policy = "--retry-policy {\"delays\":[]}";
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    shell.says(&format!(
        "webhooks create --url http://{closed}/ --event-type order.paid --label Nobody {policy}"
    ));
    shell.says("events send --type order.paid --data {}");
    let deadline = Instant::now() + PATIENCE;
    while shell.json("dead-letters list")["data"] == json!([]) {
        assert!(Instant::now() < deadline, "nothing gave up");
        std::thread::sleep(Duration::from_millis(20));
    }
    let failed = shell.says("dead-letters retry --all");
    assert!(failed.contains("failed again"), "{failed}");
    for list in ["deliveries list", "dead-letters list"] {
        let table = shell.says(list);
        let (heading, rows) = table.split_once('\n').unwrap();
        assert!(heading.ends_with("CREATED"), "{table}");
        assert!(rows.contains("connect"), "{table}");
    }
    let jobs = shell.says("jobs list");
    assert!(jobs.contains("job_") && jobs.contains("retry"), "{jobs}");
    let hooks = shell.says("webhooks list");
    assert!(hooks.contains("LAST ERROR"), "{hooks}");
}

#[test]
fn own_options_stand_apart_from_those_of_the_data_directory() {
    for command in [
        &["key", "create"][..],
        &["backup"],
        &["workspace", "create"],
        &["user", "create"],
        &["key", "rotate-master"],
    ] {
        let output = run(&[command, &["--help"]].concat());
        let help = String::from_utf8(output.stdout).unwrap();
        let (own, data) = help
            .split_once("\nData directory:\n")
            .unwrap_or_else(|| panic!("{help}"));
        for option in ["--data-dir", "--config", "--master-key-file"] {
            assert!(data.contains(option) && !own.contains(option), "{help}");
        }
        assert!(own.contains("--help"), "{help}");
    }
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
