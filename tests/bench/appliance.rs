//! The real binary as a child process.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::door::Door;
use crate::process::Process;

const BINARY: &str = env!("CARGO_BIN_EXE_hookpost");

/// A running hookpost.
pub struct Appliance {
    child: Child,
    addr: SocketAddr,
    key: String,
    /// From starting the process to its ready line.
    pub ready_after: Duration,
    dir: TempDir,
}

impl Appliance {
    /// Starts it on an empty directory and makes a key.
    pub async fn start() -> Result<Self> {
        Self::start_in(tempfile::tempdir()?).await
    }

    /// As [`Appliance::start`], with so many descriptors and no more.
    pub async fn start_with(descriptors: u32) -> Result<Self> {
        let mut command = Command::new("sh");
        let script = format!("ulimit -n {descriptors} && exec \"$0\" \"$@\"");
        command.args(["-c", &script, BINARY]);
        Self::launch(command, tempfile::tempdir()?).await
    }

    /// As [`Appliance::start`], on what an earlier one left behind.
    pub async fn start_in(dir: TempDir) -> Result<Self> {
        Self::launch(Command::new(BINARY), dir).await
    }

    async fn launch(mut serve: Command, dir: TempDir) -> Result<Self> {
        let data_dir = dir.path().join("data");
        let started = Instant::now();
        let mut child = serve
            .args(["serve", "--listen", "127.0.0.1:0", "--allow-http"])
            .args([
                "--allow-private",
                "127.0.0.0/8",
                "--log",
                "warn",
                "--data-dir",
            ])
            .arg(&data_dir)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().context("stdout is piped")?;
        let mut lines = BufReader::new(stdout).lines();
        let ready = lines
            .next_line()
            .await?
            .context("hookpost ended before it was ready")?;
        let ready_after = started.elapsed();
        let addr = ready
            .rsplit_once("http://")
            .context("the ready line has an address")?
            .1;
        let addr = addr.trim().parse()?;
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let made = command(
            &data_dir,
            &["key", "create", "--name", "bench", "--scope", "admin"],
        )
        .output()
        .await?;
        ensure!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let key = String::from_utf8(made.stdout)?.trim().to_owned();
        Ok(Self {
            child,
            addr,
            key,
            ready_after,
            dir,
        })
    }

    /// Where events are published to.
    pub fn door(&self) -> Door {
        Door {
            addr: self.addr,
            key: self.key.clone(),
        }
    }

    /// Registers a webhook for one event type with the standard retry policy, or another; answers
    /// its id.
    pub async fn create_webhook(
        &self,
        url: &str,
        event_type: &str,
        policy: Value,
        max_in_flight: usize,
    ) -> Result<String> {
        let body = json!({
            "url": url,
            "event_types": [event_type],
            "max_in_flight": max_in_flight,
            "retry_policy": policy,
        });
        let made = self.call(Method::POST, "/api/v1/webhooks", &body).await?;
        let id = made["id"].as_str().context("a webhook has an id")?;
        Ok(id.to_owned())
    }

    /// Runs a command of the operator on its directory, which must succeed.
    pub async fn command(&self, arguments: &[&str]) -> Result<()> {
        let data_dir = self.dir.path().join("data");
        let done = command(&data_dir, arguments).output().await?;
        ensure!(done.status.success(), "{done:?}");
        Ok(())
    }

    /// Makes an API call that must succeed; answers what it was told.
    pub async fn call(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let body = (!body.is_null()).then(|| body.to_string());
        let (status, text) = self.ask(method, path, body).await?;
        ensure!(status.is_success(), "{path}: {status}: {text}");
        Ok(serde_json::from_str(&text)?)
    }

    /// Makes an API call, whatever it answers.
    #[expect(
        clippy::disallowed_methods,
        reason = "the benchmark is a client of the API"
    )]
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
    ) -> Result<(StatusCode, String)> {
        let client = reqwest::Client::builder().no_proxy().build()?;
        let mut request = client
            .request(method, format!("http://{}{path}", self.addr))
            .bearer_auth(&self.key);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        let answer = request.send().await?;
        Ok((answer.status(), answer.text().await?))
    }

    /// Its process.
    pub fn process(&self) -> Result<Process> {
        Ok(Process(self.child.id().context("hookpost is running")?))
    }

    /// Asks it to end and waits until it has; answers its directory.
    pub async fn stop(mut self) -> Result<TempDir> {
        let id = self.child.id().context("hookpost is running")?;
        let pid = rustix::process::Pid::from_raw(i32::try_from(id)?).context("a process id")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        let status = self.child.wait().await?;
        ensure!(status.success(), "hookpost ended with {status}");
        Ok(self.dir)
    }
}

/// How many bytes there are in what an earlier one left behind.
pub fn stored_bytes(dir: &TempDir) -> Result<usize> {
    let mut bytes = 0;
    for file in std::fs::read_dir(dir.path().join("data"))? {
        bytes += file?.metadata()?.len();
    }
    Ok(usize::try_from(bytes)?)
}

/// A command of the same binary on a data directory.
pub fn command(data_dir: &std::path::Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(arguments).arg("--data-dir").arg(data_dir);
    command
}
