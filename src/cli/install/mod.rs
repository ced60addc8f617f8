//! `hookpost install` and `hookpost package`: hookpost as a service of the machine.
//!
//! Owns: which files belong where, and their text. Refuses: starting the service, and touching
//! settings that are there: an operator's file is never written over.
//!
//! # Where things go
//! ```text
//! {prefix}/bin/hookpost                      this binary
//! {prefix}/share/man/man1/hookpost*.1        the manual
//! {prefix}/share/bash-completion/completions/hookpost
//! {prefix}/share/fish/vendor_completions.d/hookpost.fish
//! {zsh}/_hookpost
//! /etc/hookpost/hookpost.env                 settings, only if it is not there
//! {units}/hookpost.service                   the unit
//! {sysusers}/hookpost.conf                   the user that it runs as
//! /var/lib/hookpost                          the data; the unit makes it
//! ```
//! A package owns `/usr`; what an administrator installs by hand goes to `/usr/local` and `/etc`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};
use clap::Args;
use clap_complete::Shell;

use super::man::manual;
use super::output;

mod container;
mod deb;

pub(super) use deb::Package;

const UNIT: &str = include_str!("hookpost.service");
const SYSUSERS: &str = include_str!("sysusers.conf");
const SETTINGS: &str = include_str!("hookpost.env");

/// There if systemd runs this machine, as sd_booted(3) has it.
const SYSTEMD_RUNS: &str = "/run/systemd/system";

/// Install hookpost as a systemd service: binary, unit, user, manual, completions
#[derive(Args)]
#[command(after_help = "Then: systemctl enable --now hookpost\n\n\
                  Settings are variables in /etc/hookpost/hookpost.env, the data is in \
                  /var/lib/hookpost. Installing again replaces binary, unit and manual, and leaves \
                  settings and data alone. With --container a directory is written instead, in which \
                  docker build or podman build makes an image.")]
pub(super) struct Install {
    /// Write below this directory instead, as for an image; the user is made when it starts
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Write what a container is built from into this directory instead: binary, Dockerfile, compose file
    #[arg(long, value_name = "DIR", conflicts_with = "root")]
    container: Option<PathBuf>,
    /// Say what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
}

impl Install {
    pub(super) fn run(self, command: &clap::Command) -> anyhow::Result<()> {
        if let Some(dir) = &self.container {
            return match self.dry_run {
                true => list(dir, container::files()?),
                false => container::write_container(dir),
            };
        }
        let places = Places::LOCAL;
        let root = self.root.as_deref();
        if self.dry_run {
            return list(root.unwrap_or(Path::new("/")), places.files(command)?);
        }
        let is_root = rustix::process::geteuid().is_root();
        ensure!(
            root.is_some() || is_root,
            "only root may install a service: run it with sudo, or name a directory with --root"
        );
        write(root.unwrap_or(Path::new("/")), places.files(command)?)?;
        let booted = match root {
            Some(_) => Booted::Later,
            None => take_up()?,
        };
        output::say(match booted {
            Booted::Now => "installed; start it with: systemctl enable --now hookpost",
            Booted::Later => {
                "installed; where systemd runs, start it with: systemctl enable --now hookpost"
            }
        })?;
        Ok(())
    }
}

/// Whether systemd runs where hookpost was installed.
enum Booted {
    Now,
    Later,
}

/// Makes the user, and has systemd read the unit where it runs; else it does when it starts.
fn take_up() -> anyhow::Result<Booted> {
    perform("systemd-sysusers", &["/etc/sysusers.d/hookpost.conf"])?;
    if !Path::new(SYSTEMD_RUNS).exists() {
        return Ok(Booted::Later);
    }
    perform("systemctl", &["daemon-reload"])?;
    Ok(Booted::Now)
}

/// Where the parts go, below the root.
struct Places {
    prefix: &'static str,
    units: &'static str,
    sysusers: &'static str,
    zsh: &'static str,
}

impl Places {
    /// What an administrator installs.
    const LOCAL: Self = Self {
        prefix: "usr/local",
        units: "etc/systemd/system",
        sysusers: "etc/sysusers.d",
        zsh: "usr/local/share/zsh/site-functions",
    };
    /// What a package installs.
    const PACKAGED: Self = Self {
        prefix: "usr",
        units: "usr/lib/systemd/system",
        sysusers: "usr/lib/sysusers.d",
        zsh: "usr/share/zsh/vendor-completions",
    };

    /// Every file with its content.
    fn files(&self, command: &clap::Command) -> anyhow::Result<Vec<Installed>> {
        let Self {
            prefix,
            units,
            sysusers,
            zsh,
        } = self;
        let unit = UNIT.replace("{bin}", &format!("/{prefix}/bin/hookpost"));
        let bash = format!("{prefix}/share/bash-completion/completions/hookpost");
        let fish = format!("{prefix}/share/fish/vendor_completions.d/hookpost.fish");
        let completion = |shell| completion_script(shell, &mut command.clone());
        let mut files = vec![
            Installed::new(format!("{prefix}/bin/hookpost"), own_binary()?).executable(),
            Installed::new(format!("{units}/hookpost.service"), unit),
            Installed::new(format!("{sysusers}/hookpost.conf"), SYSUSERS),
            Installed::new("etc/hookpost/hookpost.env", SETTINGS).kept(),
            Installed::new(bash, completion(Shell::Bash)),
            Installed::new(fish, completion(Shell::Fish)),
            Installed::new(format!("{zsh}/_hookpost"), completion(Shell::Zsh)),
        ];
        for (name, page) in manual(command)? {
            files.push(Installed::new(
                format!("{prefix}/share/man/man1/{name}"),
                page,
            ));
        }
        Ok(files)
    }
}

/// Says what would be written.
fn list(below: &Path, files: Vec<Installed>) -> anyhow::Result<()> {
    for file in files {
        output::say(below.join(file.path).display())?;
    }
    Ok(())
}

/// The binary that runs.
fn own_binary() -> anyhow::Result<Vec<u8>> {
    let own = std::env::current_exe().context("this binary cannot be found")?;
    fs::read(&own).with_context(|| format!("cannot read {}", own.display()))
}

fn completion_script(shell: Shell, command: &mut clap::Command) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, command, "hookpost", &mut script);
    script
}

/// A file to be written.
struct Installed {
    path: String,
    content: Vec<u8>,
    mode: u32,
    /// Whether one that is there stays.
    is_kept: bool,
}

impl Installed {
    fn new(path: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        Self {
            path: path.into(),
            content: content.into(),
            mode: 0o644,
            is_kept: false,
        }
    }

    fn executable(self) -> Self {
        Self {
            mode: 0o755,
            ..self
        }
    }

    fn kept(self) -> Self {
        Self {
            is_kept: true,
            ..self
        }
    }
}

/// Writes `files` below `root`. Each takes its place whole: a server that runs keeps the binary that
/// it was started with.
fn write(root: &Path, files: Vec<Installed>) -> anyhow::Result<()> {
    for file in files {
        let path = root.join(&file.path);
        if file.is_kept && path.exists() {
            continue;
        }
        put(&path, &file).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn put(path: &Path, file: &Installed) -> std::io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(dir)?;
    let fresh = path.with_added_extension("new");
    fs::write(&fresh, &file.content)?;
    fs::set_permissions(&fresh, fs::Permissions::from_mode(file.mode))?;
    fs::rename(&fresh, path)
}

/// Runs a program of the system, whose words go where this command's go.
fn perform(program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let status = Command::new(program)
        .args(arguments)
        .status()
        .with_context(|| format!("cannot run {program}"))?;
    if !status.success() {
        bail!("{program} {} failed ({status})", arguments.join(" "));
    }
    Ok(())
}
