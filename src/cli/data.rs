//! Commands on a data directory, whether or not a server runs on it.
//!
//! Owns: finding the directory, and who carries the command out. Refuses: what commands do
//! (`admin`); both ways run the same function.
//!
//! # Who carries it out
//! If a server runs, it does: the command goes over the socket in the data directory, and is in
//! force at once. If none runs, this process opens the directory itself. Between the two lies the
//! moment in which a server starts or ends; then the command waits a little and tries again.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};
use clap::Args;

use crate::admin::{self, AdminAnswer, AdminCommand, socket};
use crate::app;
use crate::config::options::Options;
use crate::config::{Config, KeyEnvironment};
use crate::store::{DATABASE_FILE, LOCK_FILE, OpenError};

/// How long a command waits for a server that is just starting or ending.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it waits between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// Under which the help of commands shows the options of [`DataArgs`], apart from their own.
const DATA: &str = "Data directory";

/// Which data directory is meant.
#[derive(Args)]
pub(super) struct DataArgs {
    /// The server's data directory [default: ./hookpost-data]
    #[arg(
        long,
        global = true,
        env = "HOOKPOST_DATA_DIR",
        value_name = "DIR",
        help_heading = DATA
    )]
    data_dir: Option<PathBuf>,
    /// The server's configuration file
    #[arg(
        long,
        global = true,
        env = "HOOKPOST_CONFIG",
        value_name = "FILE",
        help_heading = DATA
    )]
    config: Option<PathBuf>,
    /// The file that holds the master key, as the server has it
    #[arg(
        long,
        global = true,
        env = "HOOKPOST_MASTER_KEY_FILE",
        value_name = "FILE",
        help_heading = DATA
    )]
    master_key_file: Option<PathBuf>,
}

impl DataArgs {
    /// As [`DataArgs::config`], for commands that work on data which is there.
    pub(super) fn existing(self) -> anyhow::Result<Config> {
        let config = self.config()?;
        match look(&config) {
            DataDirectory::Data => Ok(config),
            DataDirectory::Lock | DataDirectory::Nothing => Err(refuse_nothing(&config)),
        }
    }

    /// The configuration that a server on this directory has, without what only serving needs.
    pub(super) fn config(self) -> anyhow::Result<Config> {
        let options = Options {
            data_dir: self.data_dir,
            master_key_file: self.master_key_file,
            ..Options::default()
        };
        let config = Config::load(options, self.config.as_deref(), KeyEnvironment::read())?;
        Ok(config)
    }

    /// Has `command` carried out.
    pub(super) fn perform(self, command: &AdminCommand) -> anyhow::Result<AdminAnswer> {
        let config = self.config()?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let asked = socket::ask(&config.data_dir, command)
                .map_err(|error| anyhow!("the running server gave no answer: {error}"))?;
            if let Some(answer) = asked {
                return refused_or(answer);
            }
            match look(&config) {
                DataDirectory::Data => {}
                DataDirectory::Lock if Instant::now() < deadline => {
                    std::thread::sleep(PAUSE);
                    continue;
                }
                DataDirectory::Lock | DataDirectory::Nothing => {
                    return Err(refuse_nothing(&config));
                }
            }
            match perform_here(&config, command) {
                Err(error) if is_locked(&error) && Instant::now() < deadline => {
                    std::thread::sleep(PAUSE);
                }
                done => return done.and_then(refused_or),
            }
        }
    }
}

/// Whether there is anything that a command could be about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DataDirectory {
    Data,
    /// A server that makes its data this moment, or did not come that far.
    Lock,
    Nothing,
}

fn look(config: &Config) -> DataDirectory {
    let has = |name: &str| config.data_dir.join(name).exists();
    match (has(DATABASE_FILE), has(LOCK_FILE)) {
        (true, _) => DataDirectory::Data,
        (false, true) => DataDirectory::Lock,
        (false, false) => DataDirectory::Nothing,
    }
}

/// A mistyped directory must not become a second instance, which nobody's server knows.
fn refuse_nothing(config: &Config) -> anyhow::Error {
    anyhow!(
        "no hookpost data in {}: name the server's data directory with --data-dir; \
         `hookpost serve` makes a new one",
        config.data_dir.display()
    )
}

fn perform_here(config: &Config, command: &AdminCommand) -> anyhow::Result<AdminAnswer> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let service = app::open_at_rest(config, runtime.handle())?;
    let answer = runtime.block_on(admin::execute(&service, command.clone()));
    service.store().close();
    Ok(answer)
}

fn is_locked(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(OpenError::Locked { .. }))
}

fn refused_or(answer: AdminAnswer) -> anyhow::Result<AdminAnswer> {
    match answer {
        AdminAnswer::Refused { reason } => bail!(reason),
        done => Ok(done),
    }
}
