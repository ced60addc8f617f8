//! A service that hangs: its signs of life end, its health checks say what hangs, and all comes again.

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use super::install::text;
use super::process::{Running, Server, complaint, hookpost_in, run, stdout_of, workspace_key};
use super::shim::Shim;
use crate::app::PATIENCE;
use crate::receiver::Receiver;

/// Many periods of the watchdog: who lives is not silent for so long.
const SILENCE: Duration = Duration::from_secs(2);

/// A service manager that watches.
struct Manager {
    dir: tempfile::TempDir,
    socket: UnixDatagram,
}

impl Manager {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(dir.path().join("notify")).unwrap();
        Self { dir, socket }
    }

    /// Watches what `command` starts.
    fn watch<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let place = self.dir.path().join("notify");
        command.env("NOTIFY_SOCKET", place);
        command.env("WATCHDOG_USEC", "200000")
    }

    /// Whether there is a sign of life before this much silence.
    fn sees_life(&self, silence: Duration) -> bool {
        self.socket.set_read_timeout(Some(silence)).unwrap();
        let mut message = [0; 512];
        loop {
            match self.socket.recv(&mut message) {
                Ok(length) if message[..length].starts_with(b"WATCHDOG=1") => return true,
                Ok(_) => {}
                Err(_) => return false,
            }
        }
    }

    /// What was said before is read away; then nothing comes any more.
    fn waits_for_silence(&self) {
        let deadline = Instant::now() + PATIENCE;
        while self.sees_life(SILENCE) {
            assert!(Instant::now() < deadline, "it hangs, and nobody says so");
        }
    }
}

/// Checks that both health checks say that `what` hangs, while the process lives.
async fn is_not_ready(server: &Server, data: &Path, what: &str) {
    let alive = server.request("", Method::GET, "/healthz").send().await;
    assert_eq!(alive.status, 200);
    let ready = server.request("", Method::GET, "/readyz").send().await;
    let refused = ready.problem(503, "unavailable");
    assert!(refused["detail"].to_string().contains(what), "{refused}");
    let said = complaint(&run(&["healthcheck", "--data-dir", text(data)]), 1);
    assert!(said.contains(what), "{said}");
}

async fn is_ready(server: &Server, data: &Path) {
    let ready = server.request("", Method::GET, "/readyz").send().await;
    assert_eq!(ready.status, 200);
    assert_eq!(stdout_of(&["healthcheck", "--data-dir", text(data)]), "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signs_of_life_end_while_the_writer_hangs_and_come_again() {
    let (manager, shim) = (Manager::start(), Shim::build());
    let data = manager.dir.path().join("data");
    let server = Server::spawn(manager.watch(&mut shim.serve(&data)));
    assert!(manager.sees_life(PATIENCE));
    let key = workspace_key(&data);
    shim.hang("-wal");
    let caller = server.caller();
    let event = json!({"type": "a.b", "data": {}});
    let (first, owner) = (event.clone(), key.clone());
    // It may give up before all is mended.
    let publish = tokio::spawn(async move { caller.publish(&owner, &first).await });
    manager.waits_for_silence();
    is_not_ready(&server, &data, "the writer does not answer").await;
    shim.mend();
    assert!(manager.sees_life(PATIENCE));
    is_ready(&server, &data).await;
    server.post(&key, "/events", &event, 202).await;
    drop(publish.await);
}

/// Python with `freeze.py`.
fn freezer() -> Command {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut command = hookpost_in(text(&tests.join(".venv/bin/python")));
    command.arg("-B").arg(tests.join("snippets/freeze.py"));
    command
}

/// Stops the threads of the engine until this is dropped.
fn freeze_engine(server: &Server) -> Running {
    let mut command = freezer();
    command.args([&server.id().to_string(), "engine"]);
    let mut frozen = Running::start(command.stdin(Stdio::piped()));
    let mut said = String::new();
    let mut stdout = BufReader::new(frozen.0.stdout.take().unwrap());
    stdout.read_line(&mut said).unwrap();
    assert_eq!(said, "frozen\n");
    frozen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signs_of_life_end_while_the_engine_hangs_and_come_again() {
    let manager = Manager::start();
    let data = manager.dir.path().join("data");
    let mut command = freezer();
    command.args(["allow", env!("CARGO_BIN_EXE_hookpost"), "serve"]);
    command.args(["--listen=127.0.0.1:0", "--allow-http"]);
    command.args(["--allow-private=127.0.0.0/8", "--data-dir"]);
    let server = Server::spawn(manager.watch(command.arg(&data)));
    let (key, receiver) = (workspace_key(&data), Receiver::start().await);
    let webhook = json!({"url": receiver.url("/"), "event_types": ["*"]});
    server.post(&key, "/webhooks", &webhook, 201).await;
    assert!(manager.sees_life(PATIENCE));
    is_ready(&server, &data).await;
    let mut frozen = freeze_engine(&server);
    let event = json!({"type": "a.b", "data": {}});
    server.post(&key, "/events", &event, 202).await;
    manager.waits_for_silence();
    is_not_ready(&server, &data, "the engine does not answer").await;
    assert_eq!(receiver.received().len(), 0);
    drop(frozen.0.stdin.take());
    assert!(frozen.0.wait().unwrap().success());
    assert!(manager.sees_life(PATIENCE));
    is_ready(&server, &data).await;
    receiver.wait_for(1).await;
}
