//! What commands tell beside what was asked: that sending is paused, and who did something.

use super::process::stdout_of;
use super::shell::Shell;

#[test]
fn who_publishes_or_looks_at_figures_is_told_that_sending_is_paused() {
    let shell = Shell::open();
    let data = shell.dir.path().join("data");
    let data = data.to_str().unwrap();
    let told = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let output = shell.run(&words);
        assert!(output.status.success(), "{line}: {output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        said.contains("sending is paused")
    };
    let commands = ["events send --type a --data 1", "stats", "retries summary"];
    for command in commands {
        assert!(!told(command), "{command}");
    }
    stdout_of(&["pause", "--data-dir", data]);
    for command in commands {
        assert!(told(command), "{command}");
        assert!(!told(&format!("{command} --json")), "{command}");
    }
}

#[test]
fn the_audit_log_names_who() {
    let shell = Shell::open();
    shell.says("event-types create order.paid");
    let log = shell.says("audit-log");
    let row = log.lines().find(|row| row.contains("event_type.create"));
    let row = row.unwrap_or_else(|| panic!("{log}"));
    let cells: Vec<&str> = row.split("  ").filter(|cell| !cell.is_empty()).collect();
    assert_eq!(cells[2].trim(), "k", "{log}");
    let page = shell.json("audit-log");
    let made = page["data"].as_array().unwrap().iter();
    let mut made = made.filter(|entry| entry["action"] == "event_type.create");
    assert_eq!(made.next().unwrap()["actor"]["name"], "k");
}
