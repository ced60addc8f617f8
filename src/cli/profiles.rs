//! Which wire profile a command means: a built-in name, or a profile's file.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use crate::cli::input::InputSource;
use crate::domain::profile::{FILE_BYTES_MAX, Profile};

/// The profile called `name`, or the one in the file `name` (anything with a `/` or ending in
/// `.toml`).
pub(super) fn find(name: &str) -> anyhow::Result<Arc<Profile>> {
    if name.contains('/') || name.ends_with(".toml") {
        return from_file(name);
    }
    Profile::built_in_named(name).with_context(|| {
        let known: Vec<&str> = Profile::built_in().iter().map(|p| p.name()).collect();
        format!(
            "no profile '{name}': use {} or the path of a profile's file",
            known.join(", ")
        )
    })
}

fn from_file(path: &str) -> anyhow::Result<Arc<Profile>> {
    let text = InputSource::File(Path::new(path)).text(FILE_BYTES_MAX as u64)?;
    let profile = Profile::parse(&text).with_context(|| format!("{path} is not a profile"))?;
    Ok(Arc::new(profile))
}
