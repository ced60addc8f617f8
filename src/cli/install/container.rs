//! `hookpost install --container`: what a container of hookpost is built from.
//!
//! Owns: the directory to build in: this binary, its container file and a compose file. Refuses:
//! building; that is the work of whichever tool is there.
//!
//! # Why the binary that runs is what goes in
//! Whoever has it has built or trusted it already, and the image then holds that and nothing else. The
//! base has the C library and no shell.

use std::path::Path;

use anyhow::ensure;

use super::{Installed, own_binary, write};
use crate::cli::output;

const CONTAINER_FILE: &str = include_str!("Containerfile");
const COMPOSE: &str = include_str!("compose.yaml");
/// Only what the container file copies is sent to the builder.
const IGNORED: &str = "*\n!hookpost\n!data\n";

/// Writes the directory to build in.
pub(super) fn write_container(dir: &Path) -> anyhow::Result<()> {
    ensure!(
        cfg!(target_os = "linux"),
        "a container takes a binary for Linux: run this command on Linux"
    );
    write(dir, files()?)?;
    std::fs::create_dir_all(dir.join("data"))?;
    output::say(format_args!(
        "written; build and start it with: docker compose -f {} up --build --detach",
        dir.join("compose.yaml").display()
    ))?;
    Ok(())
}

/// What is written, with its content; an operator's compose file stays.
pub(super) fn files() -> anyhow::Result<Vec<Installed>> {
    let compose = COMPOSE.replace("{version}", env!("CARGO_PKG_VERSION"));
    Ok(vec![
        Installed::new("hookpost", own_binary()?).executable(),
        Installed::new("Dockerfile", CONTAINER_FILE),
        Installed::new(".dockerignore", IGNORED),
        Installed::new("compose.yaml", compose).kept(),
    ])
}
