//! `hookpost demo`: the whole thing alive in one command.
//!
//! Owns: a server in a directory of its own that goes away, a receiver with moods (`moods`), what a
//! platform has (`scene`), the day that it has behind it (`past`), a steady trickle of events
//! (`trickle`). Refuses: anything but loopback, and rows that nobody could have: all of it is made by
//! the actions that the API calls, and from the start of the server on over HTTP with a key.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;

use super::{output, receiver, user};
use crate::admin::{self, AdminAnswer, AdminCommand, Sensitive};
use crate::app::{self, App, Hangup};
use crate::config::options::{Options, Span};
use crate::config::{Config, KeyEnvironment};
use crate::telemetry::{self, LogFormat, LogLevel};
use crate::{entropy, service::Service};

mod moods;
mod past;
mod scene;
mod trickle;

use moods::Moods;
use past::Lived;

/// Where the demo is found if nothing else is there.
const PORT_DEFAULT: u16 = 8080;
/// How long attempts in flight may take when the demo ends; nothing depends on them.
const GRACE: Duration = Duration::from_secs(1);
/// Who may sign in.
const EMAIL: &str = "demo@example.com";

/// Show everything alive on this machine: a server, receivers with moods, a trickle of events
#[derive(Args)]
#[command(after_help = "Everything is kept in a temporary directory, which Ctrl-C removes.")]
pub(super) struct Demo {
    /// The port on 127.0.0.1 [default: 8080, or a free one if that is taken]
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Milliseconds from one event to the next
    #[arg(long, value_name = "MS", default_value_t = 1200, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    pace_ms: u64,
}

impl Demo {
    pub(super) fn run(self) -> anyhow::Result<()> {
        telemetry::start(LogLevel::Error, LogFormat::Text);
        let dir = TemporaryDir::make()?;
        let config = config(&dir.0, self.port)?;
        let pace = Duration::from_millis(self.pace_ms);
        let moods = Arc::new(Moods::default());
        let address = receive(&moods)?;
        output::say("a day of deliveries is lived through first; that takes seconds")?;
        let lived = past::live(&config, address)?;
        moods.slow_down();
        app::run(&config, &Hangup::Stop, async |app: &App| {
            begin(app, &lived, pace).await
        })?;
        output::say("the demo is over; its directory is gone")?;
        Ok(())
    }
}

fn config(dir: &Path, port: Option<u16>) -> anyhow::Result<Config> {
    let port = port.unwrap_or_else(|| {
        let is_free = TcpListener::bind((Ipv4Addr::LOCALHOST, PORT_DEFAULT)).is_ok();
        if is_free { PORT_DEFAULT } else { 0 }
    });
    let options = Options {
        listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into()),
        data_dir: Some(dir.to_owned()),
        allow_http: Some(true),
        allow_private: Some(vec!["127.0.0.0/8".parse().expect("this is a range")]),
        shutdown_grace: Some(Span(GRACE)),
        ..Options::default()
    };
    Ok(Config::load(options, None, KeyEnvironment::default())?)
}

/// Starts the receivers on a thread of their own: they outlive the past.
fn receive(moods: &Arc<Moods>) -> anyhow::Result<SocketAddr> {
    let judge = moods.judge();
    let (say, said) = std::sync::mpsc::channel();
    let run = move || {
        actix_web::rt::System::new().block_on(async {
            match receiver::start(0, judge) {
                Ok((address, server)) => {
                    drop(say.send(Ok(address)));
                    drop(server.await);
                }
                Err(error) => drop(say.send(Err(error))),
            }
        });
    };
    std::thread::Builder::new()
        .name("receivers".to_owned())
        .spawn(run)?;
    said.recv().context("the receivers did not start")?
}

/// Goes on from the past beside the running server, and tells people where to look.
async fn begin(app: &App, lived: &Lived, pace: Duration) -> anyhow::Result<()> {
    let service = app.service();
    let key = &lived.key.token;
    let platform = trickle::Platform::open(app.url(), key.expose())?;
    actix_web::rt::spawn(platform.publish_for_ever(lived.events, pace));
    let password = make_user(service).await?;
    output::say(format_args!(
        "\n  dashboard   {url}\n  \
           sign in     {EMAIL}\n  \
           password    {password}\n  \
           API key     {key}\n\n  \
         An event every {pace:?} goes to receivers that are steady, slow, flaky or down.\n  \
         Publish one yourself:\n\n    \
           curl {url}/api/v1/events \\\n      \
             -H 'authorization: Bearer {key}' -H 'content-type: application/json' \\\n      \
             -d '{{\"type\": \"score.changed\", \"data\": {{\"score\": 99}}}}'\n\n  \
         Ctrl-C ends it.",
        url = app.url(),
        password = password.expose(),
        key = key.expose(),
    ))?;
    Ok(())
}

async fn make_user(service: &Service) -> anyhow::Result<Sensitive> {
    let password = user::made_up();
    let command = AdminCommand::UserCreate {
        email: EMAIL.to_owned(),
        password: password.clone(),
        role: None,
    };
    match admin::execute(service, command).await {
        AdminAnswer::Id { .. } => Ok(password),
        other => bail!("no user could be made: {other:?}"),
    }
}

/// A directory that goes away with this value.
struct TemporaryDir(PathBuf);

impl TemporaryDir {
    fn make() -> anyhow::Result<Self> {
        let name = format!(
            "hookpost-demo-{:016x}",
            u64::from_le_bytes(entropy::bytes())
        );
        let path = std::env::temp_dir().join(name);
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for TemporaryDir {
    fn drop(&mut self) {
        // What cannot be removed is left to whoever cleans the system's temporary directory.
        drop(std::fs::remove_dir_all(&self.0));
    }
}
