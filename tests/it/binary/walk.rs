//! The walks of README.md and of the handbook, as they stand there: every block of a shell is run.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use super::process::{Running, Server, hookpost_in};

/// The walk's own port of the receiver.
const PORT: &str = "9000";

#[test]
fn the_walk_of_the_readme_ends_with_a_delivery_that_is_genuine() {
    let readme = include_str!("../../../README.md");
    let (_, walk) = readme.split_once("## Five minutes").unwrap();
    let (walk, _) = walk.split_once("## What it does").unwrap();
    assert!(Walk::of(walk).begin.contains("target/release"));
    check(walk);
}

#[test]
fn the_walk_of_the_handbook_ends_with_a_delivery_that_is_genuine() {
    check(include_str!("../../../static/docs/first-steps.md"));
}

/// The blocks of a walk, each for the terminal that its text names.
struct Walk {
    /// What every terminal begins with.
    begin: String,
    serve: String,
    receive: String,
    publish: String,
    look: String,
}

impl Walk {
    fn of(text: &str) -> Self {
        let blocks = text.split("```sh\n").skip(1);
        let blocks: Vec<&str> = blocks
            .map(|rest| rest.split("```").next().unwrap())
            .collect();
        let block = |command: &str| {
            let found = blocks.iter().find(|block| block.contains(command));
            found
                .unwrap_or_else(|| panic!("{command} is in no block"))
                .to_string()
        };
        Self {
            begin: block("export HOOKPOST_DATA_DIR="),
            serve: block("hookpost serve"),
            receive: block("hookpost listen"),
            publish: block("hookpost events send"),
            look: block("hookpost deliveries list"),
        }
    }
}

/// Runs a walk. Only its ports are others: the server's by its variables, the receiver's in the blocks.
fn check(text: &str) {
    let walk = Walk::of(text);
    let dir = tempfile::tempdir().unwrap();
    let release = dir.path().join("target/release");
    std::fs::create_dir_all(&release).unwrap();
    let binary = env!("CARGO_BIN_EXE_hookpost");
    std::os::unix::fs::symlink(binary, release.join("hookpost")).unwrap();
    let terminal = |block: &str| terminal(dir.path(), &format!("{}{block}", walk.begin));
    let server = Server::spawn(terminal(&walk.serve).env("HOOKPOST_LISTEN", "127.0.0.1:0"));
    let port = free_port().to_string();
    let block = walk.receive.replace(PORT, &port);
    assert_ne!(block, walk.receive, "the receiver's port is {PORT}");
    let mut command = terminal(&block);
    command.env("HOOKPOST_SERVER", &server.url);
    let mut receiver = Running::start(&mut command);
    let mut said = BufReader::new(receiver.0.stdout.take().unwrap());
    let mut until = |expect: &str| {
        let mut line = String::new();
        while !line.contains(expect) {
            line.clear();
            let bytes = said.read_line(&mut line).unwrap();
            assert_ne!(bytes, 0, "it ended without {expect:?}");
        }
    };
    until(&format!("listening on http://127.0.0.1:{port}"));
    let run = |block: &str| {
        let mut command = terminal(block);
        let output = command.env("HOOKPOST_SERVER", &server.url).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{block}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let sent = run(&walk.publish);
    assert!(sent.contains("evt_"), "{sent}");
    until("signature: holds");
    let key = walk.publish.lines().next().unwrap();
    let list = run(&format!("{key}\n{}", walk.look));
    assert!(list.contains("dlv_"), "{list}");
}

/// A shell in `dir` that runs `block`. The last of its commands takes the shell's place, so that who ends
/// the shell ends what it waits for.
fn terminal(dir: &Path, block: &str) -> Command {
    let (before, last) = block.trim_end().rsplit_once('\n').unwrap();
    let mut command = hookpost_in("bash");
    command.args(["-e", "-c", &format!("{before}\nexec {last}")]);
    // The program is found in the repository that holds it, or, in the handbook, where it is installed.
    let path = std::env::var("PATH").unwrap();
    let installed = Path::new(env!("CARGO_BIN_EXE_hookpost")).parent().unwrap();
    command.env("PATH", format!("{path}:{}", installed.display()));
    command.current_dir(dir).stderr(Stdio::inherit());
    command
}

/// A port that nobody has just now.
fn free_port() -> u16 {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    free.local_addr().unwrap().port()
}
