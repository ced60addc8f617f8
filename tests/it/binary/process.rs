//! Starting `hookpost` and talking to it.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::app::{Call, PATIENCE};

/// A command line of the binary under test, with nothing of the tester's environment that hookpost
/// reads.
pub fn hookpost(arguments: &[&str]) -> Command {
    let mut command = hookpost_in(env!("CARGO_BIN_EXE_hookpost"));
    command.args(arguments);
    command
}

/// As [`hookpost`], run by another `program`.
pub fn hookpost_in(program: &str) -> Command {
    let mut command = Command::new(program);
    let foreign = std::env::vars_os().filter(|(name, _)| {
        let name = name.to_string_lossy();
        name.starts_with("HOOKPOST_") || name == "CREDENTIALS_DIRECTORY"
    });
    for (name, _) in foreign {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub fn run(arguments: &[&str]) -> Output {
    hookpost(arguments).output().unwrap()
}

/// Standard output of a command that succeeds, without the last line's end.
#[track_caller]
pub fn stdout_of(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout)
        .unwrap()
        .trim_end()
        .to_owned()
}

/// A new key of the workspace `default`.
pub fn workspace_key(data_dir: &Path) -> String {
    stdout_of(&[
        "key",
        "create",
        "--name",
        "t",
        "--workspace",
        "default",
        "--data-dir",
        data_dir.to_str().unwrap(),
    ])
}

/// The one line on standard error of a command that fails with `code`.
#[track_caller]
pub fn complaint(output: &Output, code: i32) -> String {
    let stderr = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(output.stdout.is_empty(), "{output:?}");
    stderr
}

/// A child process that does not outlive its test, however that ends.
pub struct Running(pub Child);

impl Running {
    /// Starts `command`; its standard output can be read.
    pub fn start(command: &mut Command) -> Self {
        Self(command.stdout(Stdio::piped()).spawn().unwrap())
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A running `hookpost serve`.
pub struct Server {
    child: Running,
    pub url: String,
    lines: Receiver<String>,
    http: reqwest::Client,
}

impl Server {
    /// On `data_dir`, allowed to call receivers on loopback.
    pub fn start(data_dir: &Path) -> Self {
        Self::start_with(data_dir, &[])
    }

    /// As [`Server::start`], with `options` besides.
    pub fn start_with(data_dir: &Path, options: &[&str]) -> Self {
        let usual = ["--listen", "127.0.0.1:0", "--allow-http"];
        let mut command = serve(data_dir);
        command.args(usual).args(["--allow-private", "127.0.0.0/8"]);
        Self::spawn(command.args(options))
    }

    /// Waits for the line that says it is ready.
    pub fn spawn(command: &mut Command) -> Self {
        Self::spawn_into(command, std::io::sink())
    }

    /// As [`Server::spawn`], and what it logs goes into `log`.
    pub fn spawn_into(command: &mut Command, log: impl std::io::Write + Send + 'static) -> Self {
        let mut child = Running::start(command.stderr(Stdio::piped()));
        let mut lines = BufReader::new(child.0.stdout.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        let Some(url) = line.trim_end().strip_prefix("hookpost listening on ") else {
            child.0.kill().unwrap();
            let mut stderr = String::new();
            let mut pipe = child.0.stderr.take().unwrap();
            pipe.read_to_string(&mut stderr).unwrap();
            panic!("not ready: {line:?} {stderr}");
        };
        let url = url.to_owned();
        // Both pipes are drained, so that the server never waits for its reader.
        let (printed, lines_to_come) = channel();
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                // A test that looks at no more lines is gone.
                drop(printed.send(line));
            }
        });
        drain(child.0.stderr.take().unwrap(), log);
        Self {
            child,
            url,
            lines: lines_to_come,
            http: crate::app::http_client(),
        }
    }

    /// The next line on its standard output; `None` once it is closed.
    pub fn next_line(&self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("no line came"),
        }
    }

    /// Calls the API with `key`.
    pub async fn call(
        &self,
        key: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Value), reqwest::Error> {
        let url = format!("{}/api/v1{path}", self.url);
        let mut request = self.http.request(method, url).bearer_auth(key);
        if let Some(body) = body {
            let json = ("content-type", "application/json");
            request = request.header(json.0, json.1).body(body.to_string());
        }
        let response = request.timeout(PATIENCE).send().await?;
        let status = response.status();
        let text = response.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or_default()))
    }

    /// A request with `key` to any path.
    pub fn request(&self, key: &str, method: Method, path: &str) -> Call {
        let url = format!("{}{path}", self.url);
        Call::new(self.http.request(method, url).bearer_auth(key))
    }

    /// Posts, and expects `status`.
    pub async fn post(&self, key: &str, path: &str, body: &Value, status: u16) -> Value {
        let answer = self.call(key, Method::POST, path, Some(body)).await;
        let (given, value) = answer.unwrap();
        assert_eq!(given.as_u16(), status, "{path}: {value:#}");
        value
    }

    /// Reads `path` until `done` is satisfied.
    pub async fn poll(&self, key: &str, path: &str, done: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (status, value) = self.call(key, Method::GET, path, None).await.unwrap();
            if status == StatusCode::OK && done(&value) {
                return value;
            }
            assert!(Instant::now() < deadline, "{path}: {status} {value:#}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A handle that can call while the server is being killed.
    pub fn caller(&self) -> Caller {
        Caller {
            url: self.url.clone(),
            http: self.http.clone(),
        }
    }

    /// Its process's number.
    pub fn id(&self) -> u32 {
        self.child.0.id()
    }

    /// Kills it as a power cut would.
    pub fn kill(mut self) {
        self.child.0.kill().unwrap();
        self.child.0.wait().unwrap();
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        self.child.signal(signal);
    }

    /// Sends the signal of this number; real-time signals have no names.
    pub fn signal_number(&self, number: &str) {
        let pid = self.child.0.id().to_string();
        let sent = Command::new("kill").args(["-s", number, &pid]).status();
        assert!(sent.unwrap().success(), "{number}");
    }

    /// Waits for its end.
    pub async fn exit(mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.0.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the server does not end");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Publishes to a server that may be gone.
#[derive(Clone)]
pub struct Caller {
    url: String,
    http: reqwest::Client,
}

impl Caller {
    /// Whether the event was accepted.
    pub async fn publish(&self, key: &str, event: &Value) -> Result<StatusCode, reqwest::Error> {
        let url = format!("{}/api/v1/events", self.url);
        let request = self.http.post(url).bearer_auth(key);
        let request = request
            .header("content-type", "application/json")
            .body(event.to_string());
        let response = request.timeout(PATIENCE).send().await?;
        let status = response.status();
        // Only a whole answer tells the publisher anything.
        response.bytes().await?;
        Ok(status)
    }
}

/// Makes `data_dir` what a first start makes of it; nobody serves it afterwards.
pub async fn made(data_dir: &Path) {
    let server = Server::start(data_dir);
    server.signal(Signal::TERM);
    assert_eq!(server.exit().await.code(), Some(0));
}

/// `hookpost serve` on `data_dir`.
pub fn serve(data_dir: &Path) -> Command {
    let mut command = hookpost(&["serve", "--data-dir"]);
    command.arg(data_dir);
    command
}

fn drain(mut pipe: impl Read + Send + 'static, mut into: impl std::io::Write + Send + 'static) {
    std::thread::spawn(move || std::io::copy(&mut pipe, &mut into));
}
