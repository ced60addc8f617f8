//! What holds of every command: its exit codes, its page of the manual, its completion; and progress bars.

use std::net::TcpListener;
use std::process::{Command, Output};

use serde_json::Value;

use super::process::{complaint, run, stdout_of};
use super::shell::Shell;
use crate::receiver::{Receiver, Reply};

/// The commands below one, as its help lists them.
fn below(words: &[String]) -> Vec<String> {
    let mut arguments: Vec<&str> = words.iter().map(String::as_str).collect();
    arguments.push("--help");
    let output = run(&arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?} {output:?}");
    let help = String::from_utf8(output.stdout).unwrap();
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    let name = |line: &str| Some(line.strip_prefix("  ")?.split(' ').next()?.to_owned());
    let names = lines.filter_map(name);
    names
        .filter(|name| !name.is_empty() && name != "help")
        .collect()
}

/// Every command with the words that lead to it, the innermost only.
fn commands() -> Vec<Vec<String>> {
    let (mut found, mut open) = (Vec::new(), vec![Vec::new()]);
    while let Some(words) = open.pop() {
        let inner = below(&words);
        if inner.is_empty() {
            found.push(words);
            continue;
        }
        for name in inner {
            open.push([&words[..], &[name]].concat());
        }
    }
    found.sort();
    found
}

#[test]
fn every_command_has_a_page_a_completion_and_2_for_wrong_usage() {
    let commands = commands();
    assert!(commands.len() > 90, "{}", commands.len());
    let dir = tempfile::tempdir().unwrap();
    stdout_of(&["man", "--output", dir.path().to_str().unwrap()]);
    let scripts = ["bash", "zsh", "fish"].map(|shell| stdout_of(&["completions", shell]));
    for words in &commands {
        let shown = words.join(" ");
        let page = dir.path().join(format!("hookpost-{}.1", words.join("-")));
        assert!(page.exists(), "no page of {shown}");
        for script in &scripts {
            let last = words.last().unwrap();
            assert!(script.contains(last.as_str()), "no completion of {shown}");
        }
        // Bash's script names each command by the way to it.
        let state = words.join("-").replace('-', "__subcmd__");
        let state = format!("\"hookpost__subcmd__{state}\"");
        assert!(scripts[0].contains(&state), "no completion of {shown}");
        let mut line: Vec<&str> = words.iter().map(String::as_str).collect();
        line.push("--no-such-option");
        let output = run(&line);
        assert_eq!(output.status.code(), Some(2), "{shown}: {output:?}");
        assert!(output.stdout.is_empty(), "{shown}");
    }
    let page = stdout_of(&["man"]);
    assert!(page.contains("Exit codes of every command"), "{page}");
}

/// What a command that calls the API needs on its line, so that only the answer decides.
const CALLS: [&str; 22] = [
    "webhooks list",
    "webhooks show wh_1",
    "webhooks create --url https://example.com --event-type a",
    "webhooks delete wh_1",
    "events send --type a --data {}",
    "events list",
    "deliveries list",
    "deliveries retry --all",
    "dead-letters discard --all",
    "events erase --all",
    "consumers list",
    "consumers create acme",
    "event-types list",
    "event-types versions list a",
    "event-types export",
    "profiles list",
    "api-keys list",
    "workspaces list",
    "settings show",
    "stats",
    "audit-log",
    "jobs list",
];

#[test]
fn whatever_calls_the_server_exits_alike() {
    let shell = Shell::open();
    let vacant = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", vacant.local_addr().unwrap());
    drop(vacant);
    for line in CALLS {
        let check = |options: &[&str], code: i32| {
            let mut words: Vec<&str> = line.split(' ').collect();
            words.extend(options);
            let said = complaint(&run(&words), code);
            assert_eq!(said.lines().count(), 1, "{line}: {said}");
        };
        check(&["--server", &shell.server.url], 2);
        check(&["--server", "ftp://example.com", "--api-key", "k"], 2);
        check(&["--server", &shell.server.url, "--api-key", "a\nb"], 2);
        check(&["--server", &nobody, "--api-key", "k"], 1);
        check(
            &["--server", &shell.server.url, "--api-key", "whk_nobody"],
            1,
        );
    }
    for line in [
        "deliveries retry",
        "dead-letters discard",
        "events erase",
        "events erase evt_1 --type a",
        "event-types import a.json b.json --name a",
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let said = complaint(&shell.run(&words), 2);
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    shell.complains("webhooks show wh_1");
    shell.complains("webhooks create --url nowhere --event-type a");
}

/// A command on a terminal of its own: what it shows, both streams together.
pub(super) fn on_terminal(shell: &Shell, line: &str) -> String {
    let binary = env!("CARGO_BIN_EXE_hookpost");
    let line = format!(
        "{binary} {line} --server {} --api-key {}",
        &shell.server.url, &shell.key
    );
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    let output: Output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bulk_work_shows_how_far_it_is_on_a_terminal_and_nowhere_else() {
    let shell = Shell::open();
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(500));
    let url = receiver.url("/");
    shell.webhook(&receiver);
    for _ in 0..3 {
        shell.says("events send --type a.b --data {}");
    }
    let all = |page: &Value| page["data"].as_array().unwrap().len() == 3;
    shell.server.poll(&shell.key, "/dead-letters", all).await;
    receiver.answer(Reply::status(200));
    let state = format!(
        "[[event_types]]\nname = \"a\"\n[[webhooks]]\nlabel = \"S\"\nurl = \"{url}s\"\nevent_types = [\"a\"]\n"
    );
    let state = shell.file("state.toml", &state);
    let table = shell.file("table.csv", &format!("consumer,url\nacme,{url}c\n"));
    let bar = "\r[";
    let shown = on_terminal(&shell, "deliveries retry --all");
    assert!(
        shown.contains(bar) && shown.contains("] 3 of 3"),
        "{shown:?}"
    );
    for line in [
        "deliveries retry --all".to_owned(),
        format!("apply {state}"),
        format!("import csv {table}"),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let piped = shell.run(&words);
        assert!(piped.status.success(), "{piped:?}");
        assert!(piped.stderr.is_empty(), "{piped:?}");
        let shown = on_terminal(&shell, &format!("{line} --json"));
        assert!(!shown.contains(bar), "{shown:?}");
    }
    let other = format!("consumer,url\nbeta,{url}d\nbeta,{url}e\n");
    let other = shell.file("other.csv", &other);
    let shown = on_terminal(&shell, &format!("import csv {other}"));
    assert!(shown.contains("] 2 of 2"), "{shown:?}");
    let later = std::fs::read_to_string(&state)
        .unwrap()
        .replace("\"S\"", "\"T\"");
    let later = shell.file("later.toml", &format!("{later}timeout = \"5s\"\n"));
    let shown = on_terminal(&shell, &format!("apply {later}"));
    assert!(shown.contains("] 0 of 1"), "{shown:?}");
}
