//! What holds of every command: its exit codes, its page of the manual, its completion; and progress bars.

use std::collections::BTreeSet;
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

/// What bash answers when it is asked to complete each of `lines`, their last word being unfinished.
fn completed(lines: &[String]) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("hookpost");
    std::fs::write(&script, stdout_of(&["completions", "bash"])).unwrap();
    // As bash itself asks: the function that is bound to the name, by the words so far.
    let ask = r#"
        source "$0"
        bound=$(complete -p hookpost)
        [[ $bound =~ -F\ ([a-z_]+) ]] || exit 1
        asked=${BASH_REMATCH[1]}
        for line in "$@"; do
            read -ra COMP_WORDS <<<"hookpost $line"
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            "$asked" hookpost "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
            echo "${COMPREPLY[*]}"
        done"#;
    let mut bash = Command::new("bash");
    bash.args(["--noprofile", "--norc", "-c", ask]).arg(script);
    let output = bash.args(lines).output().unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
    let said = String::from_utf8(output.stdout).unwrap();
    said.lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_every_command_its_options_and_their_values() {
    let (mut lines, mut expected) = (Vec::new(), Vec::new());
    let mut expect = |line: String, word: &str| {
        lines.push(line);
        expected.push(word.to_owned());
    };
    for words in commands() {
        let line = words.join(" ");
        let last = words.last().unwrap();
        expect(line[..line.len() - 1].to_owned(), last);
        expect(format!("{line} --hel"), "--help");
    }
    expect("deliveries ta".to_owned(), "tail");
    expect("deliveries list --stat".to_owned(), "--status");
    expect("completions ba".to_owned(), "bash");
    let given = completed(&lines);
    assert_eq!(given.len(), lines.len(), "{given:?}");
    for ((line, word), given) in lines.iter().zip(&expected).zip(&given) {
        assert!(
            given.split(' ').any(|one| one == word),
            "{line:?}: {given:?}"
        );
    }
    assert_eq!(completed(&["deliveries ta".to_owned()]), ["tail"]);
}

/// What a command needs on its line besides what its usage says, so that only the answer decides.
const NEEDED: [(&str, &str); 10] = [
    (
        "webhooks create",
        "--url http://127.0.0.1:9/ --event-type a",
    ),
    ("webhooks seek", "--since 2026-03-16T10:05:00Z"),
    ("events send", "--data {}"),
    ("events send-many", "{file}"),
    ("events reschedule", "--delay 5m"),
    ("events erase", "--all"),
    ("deliveries retry", "--all"),
    ("dead-letters retry", "--all"),
    ("dead-letters discard", "--all"),
    ("dead-letters restore", "--all"),
];

/// A conversation on standard input, two that look elsewhere first, and one that says of each line what
/// became of it.
const OTHERWISE: [&str; 4] = ["mcp", "relay", "import svix", "import csv"];

/// The commands whose word on the line is a name that they give.
const NAMING: [&str; 4] = [
    "consumers create",
    "event-types create",
    "profiles put",
    "profiles add",
];

/// A line of a command that calls the server.
struct CallingLine {
    words: Vec<String>,
    /// Whether it is about something that it names.
    is_of_something: bool,
}

/// Every command that calls the server, with what it needs to do so.
fn calling_lines(shell: &Shell) -> Vec<CallingLine> {
    let event = shell.file("x.json", "[{\"type\": \"a\", \"data\": 1}]");
    let state = shell.file(
        "state.json",
        "{\"webhooks\": [{\"url\": \"https://example.com/\"}]}",
    );
    let file = |name: &str| match name {
        "apply" | "profiles put" | "event-types import" => state.clone(),
        _ => event.clone(),
    };
    let lines = commands().into_iter().filter_map(|words| {
        let name = words.join(" ");
        let asked = format!("{name} --help");
        let help = stdout_of(&asked.split(' ').collect::<Vec<_>>());
        if OTHERWISE.contains(&name.as_str()) || !help.contains("\nServer:\n") {
            return None;
        }
        let usage = help
            .lines()
            .find(|line| line.starts_with("Usage:"))
            .unwrap();
        let usage = usage
            .strip_prefix(&format!("Usage: hookpost {name}"))
            .unwrap();
        let mut line = words;
        let mut is_of_something = false;
        for word in usage.split_whitespace() {
            is_of_something |= word.starts_with('<') && !line.last().unwrap().starts_with("--");
            match word.trim_end_matches('.') {
                "<FILE>" => line.push(file(&name)),
                "<TIME>" => line.push("2026-03-16T10:05:00Z".to_owned()),
                word if word.starts_with('<') => line.push("nobody".to_owned()),
                option if option.starts_with("--") => line.push(option.to_owned()),
                _ => {}
            }
        }
        if let Some((_, more)) = NEEDED.iter().find(|(of, _)| *of == name) {
            let more = more.replace("{file}", &file(&name));
            line.extend(more.split(' ').map(str::to_owned));
        }
        let is_of_something =
            is_of_something && !usage.contains("<FILE>") && !NAMING.contains(&name.as_str());
        Some(CallingLine {
            words: line,
            is_of_something,
        })
    });
    lines.collect()
}

#[test]
fn whatever_calls_the_server_exits_alike() {
    let shell = Shell::open();
    let vacant = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", vacant.local_addr().unwrap());
    drop(vacant);
    let (url, key) = (shell.server.url.as_str(), shell.key.as_str());
    let lines = calling_lines(&shell);
    assert!(lines.len() > 70, "{}", lines.len());
    let (mut named, mut resources) = (0, BTreeSet::new());
    for line in &lines {
        let check = |options: &[&str], code: i32, expect: &str| {
            let mut words: Vec<&str> = line.words.iter().map(String::as_str).collect();
            words.extend(options);
            let said = complaint(&run(&words), code);
            assert_eq!(said.lines().count(), 1, "{words:?}: {said}");
            assert!(said.contains(expect), "{words:?}: {said}");
        };
        // What is wrong before any call is wrong alike within a resource.
        if resources.insert(&line.words[0]) {
            let other = ["--server", "ftp://example.com", "--api-key", "k"];
            check(&["--server", url], 2, "--api-key");
            check(&other, 2, "http://");
            check(&["--server", url, "--api-key", "a\nb"], 2, "API key");
        }
        check(
            &["--server", &nobody, "--api-key", "k"],
            1,
            "no answer from",
        );
        check(&["--server", url, "--api-key", "whk_nobody"], 1, "401");
        if line.is_of_something {
            check(&["--server", url, "--api-key", key], 1, "404");
            named += 1;
        }
    }
    assert!(named > 35, "{named}");
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
