//! `hookpost package deb`: this binary as a Debian package.
//!
//! Owns: the package's control files. Refuses: the archive's format (`dpkg-deb` writes it), and
//! where files go ([`Places`]).

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use super::{Installed, Places, perform, write};
use crate::cli::output;

/// `DPKG_ROOT` is set where the package goes into another root, as of an image, and nothing is started.
const AFTER_INSTALL: &str = "#!/bin/sh
set -e
if [ \"$1\" = configure ]; then
    systemd-sysusers ${DPKG_ROOT:+--root=\"$DPKG_ROOT\"} hookpost.conf
    if [ -z \"$DPKG_ROOT\" ] && [ -d /run/systemd/system ]; then
        systemctl daemon-reload
        systemctl try-restart hookpost.service
    fi
fi
";
const BEFORE_REMOVAL: &str = "#!/bin/sh
set -e
if [ \"$1\" = remove ] && [ -z \"$DPKG_ROOT\" ] && [ -d /run/systemd/system ]; then
    systemctl disable --now hookpost.service
fi
";

const COPYRIGHT: &str = include_str!("copyright");

/// Make a package of this binary
#[derive(Args)]
pub(in crate::cli) struct Package {
    #[command(subcommand)]
    kind: PackageKind,
}

#[derive(Subcommand)]
enum PackageKind {
    /// A Debian package; needs dpkg-deb
    Deb {
        /// The directory to write it to
        #[arg(long, value_name = "DIR", default_value = ".")]
        output: PathBuf,
    },
}

impl Package {
    pub(in crate::cli) fn run(self, command: &clap::Command) -> anyhow::Result<()> {
        let PackageKind::Deb { output } = self.kind;
        fs::create_dir_all(&output).with_context(|| format!("cannot make {}", output.display()))?;
        let name = format!("hookpost_{}_{}", env!("CARGO_PKG_VERSION"), architecture()?);
        let staging = output.join(format!(".{name}"));
        let built = build(&staging, &output.join(format!("{name}.deb")), command);
        // What is left over does no harm: the next package is built in the same place.
        drop(fs::remove_dir_all(&staging));
        output::say(built?.display())?;
        Ok(())
    }
}

fn build(staging: &Path, package: &Path, command: &clap::Command) -> anyhow::Result<PathBuf> {
    let mut files = Places::PACKAGED.files(command)?;
    let bytes: usize = files.iter().map(|file| file.content.len()).sum();
    let settings: Vec<String> = files
        .iter()
        .filter(|file| file.is_kept)
        .map(|file| format!("/{}\n", file.path))
        .collect();
    files.extend([
        Installed::new("usr/share/doc/hookpost/copyright", COPYRIGHT),
        Installed::new("DEBIAN/control", control(bytes)?),
        Installed::new("DEBIAN/conffiles", settings.concat()),
        Installed::new("DEBIAN/postinst", AFTER_INSTALL).executable(),
        Installed::new("DEBIAN/prerm", BEFORE_REMOVAL).executable(),
    ]);
    write(staging, files)?;
    let (from, to) = (staging.to_string_lossy(), package.to_string_lossy());
    // Every dpkg reads gzip, and a debug build is packed in seconds.
    let how = ["--root-owner-group", "-Zgzip", "--build"];
    perform("dpkg-deb", &[&how[..], &[&from, &to]].concat())?;
    Ok(package.to_owned())
}

fn control(bytes: usize) -> anyhow::Result<String> {
    Ok(format!(
        "Package: hookpost\n\
         Version: {}\n\
         Architecture: {}\n\
         Maintainer: hookpost <packages@hookpost.invalid>\n\
         Installed-Size: {}\n\
         Depends: libc6, systemd\n\
         Section: net\n\
         Priority: optional\n\
         Description: outbound webhook delivery in one binary\n \
         Stores published events, fans them out to subscribed webhooks, signs, retries,\n \
         keeps dead letters, and has a REST API and a dashboard. SQLite is inside.\n",
        env!("CARGO_PKG_VERSION"),
        architecture()?,
        bytes.div_ceil(1024),
    ))
}

/// The machine's architecture in Debian's words.
fn architecture() -> anyhow::Result<&'static str> {
    match std::env::consts::ARCH {
        "x86_64" => Ok("amd64"),
        "aarch64" => Ok("arm64"),
        other => bail!("no Debian name is known for the architecture {other}"),
    }
}
