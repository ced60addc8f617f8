//! Wire profiles that an operator keeps as files in the data directory.
//!
//! Owns: reading them when hookpost starts, and what a file means beside what is stored. Refuses:
//! understanding their fields (`domain::profile`), and starting with a file that makes no sense.
//!
//! # Why a bad file stops the start
//! A profile is a promise to receivers. Were the file passed over, webhooks would go on with an
//! older version of it, or not at all, and nobody would notice before their receivers did.
//!
//! # What a file means
//! - It takes over a profile of the same name that was once sent over the API: whoever can write
//!   into the data directory has the last word. Built-in names stay what they are.
//! - Changing it is a new version: webhooks go on with that, deliveries that have begun keep theirs.
//! - Removing it takes the profile out of use, unless webhooks or workspaces use it still; then the
//!   last version stays, and the log says so.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::domain::audit::{ActorKind, NewAuditEntry};
use crate::domain::profile::{FILE_BYTES_MAX, Origin, Profile, StoredProfile};
use crate::store::profiles::{self, PROFILES_MAX};
use crate::store::{Store, StoreError, WriteTx, audit, workspaces};

/// A file that stops the start, and why.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", file.display())]
pub struct ProfileFileError {
    /// The file, or the directory where that cannot be read.
    pub file: PathBuf,
    /// What is wrong; names the field where one is at fault.
    pub reason: String,
}

/// A profile and the file that it stands in.
type ProfileFile = (PathBuf, Profile);

/// Makes what `dir` holds the current versions of its profiles: every file ending in `.toml`, not
/// those of directories below. A directory that does not exist holds none.
///
/// # Errors
/// The first file that cannot be read, makes no sense, or has a name that is taken.
pub fn load_files(store: &Store, dir: &Path) -> Result<(), ProfileFileError> {
    let fault = |reason: String| ProfileFileError {
        file: dir.to_owned(),
        reason,
    };
    let mut named: BTreeMap<String, ProfileFile> = BTreeMap::new();
    for file in files(dir).map_err(|error| fault(error.to_string()))? {
        let profile = read(&file)?;
        let name = profile.name().to_owned();
        if let Some((other, _)) = named.get(&name) {
            let reason = format!("name: {name} is the name of {} already", other.display());
            return Err(ProfileFileError { file, reason });
        }
        named.insert(name, (file, profile));
    }
    if named.len() > PROFILES_MAX {
        return Err(fault(format!("holds more than {PROFILES_MAX} profiles")));
    }
    let failed = |error: StoreError| fault(error.to_string());
    // Most starts change nothing, and must not wait for the right to write.
    let stored = store.read_blocking(profiles::list).map_err(failed)?;
    if is_adopted(&stored, &named) {
        return Ok(());
    }
    store
        .write_blocking(move |tx| adopt(tx, &named))
        .map_err(failed)
}

/// Whether what is stored is what the files say.
fn is_adopted(stored: &[StoredProfile], named: &BTreeMap<String, ProfileFile>) -> bool {
    let from_files: Vec<_> = stored
        .iter()
        .filter(|stored| stored.origin == Origin::File)
        .collect();
    let same = |stored: &&StoredProfile| {
        let file = named.get(&stored.name);
        file.is_some_and(|(_, profile)| profile.source() == stored.source)
    };
    from_files.len() == named.len() && from_files.iter().all(same)
}

/// The profile files of a directory, by name.
fn files(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
            && path.is_file()
        {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn read(file: &Path) -> Result<Profile, ProfileFileError> {
    let fault = |reason: String| ProfileFileError {
        file: file.to_owned(),
        reason,
    };
    let bytes_max = u64::try_from(FILE_BYTES_MAX).expect("a small bound");
    let mut text = String::new();
    fs::File::open(file)
        .and_then(|opened| opened.take(bytes_max + 1).read_to_string(&mut text))
        .map_err(|error| fault(error.to_string()))?;
    if text.len() > FILE_BYTES_MAX {
        return Err(fault(format!("is larger than {FILE_BYTES_MAX} bytes")));
    }
    let profile = Profile::parse(&text).map_err(|error| fault(error.to_string()))?;
    match Profile::built_in_named(profile.name()) {
        Some(_) => Err(fault(format!(
            "name: {} is built in; give yours another name",
            profile.name()
        ))),
        None => Ok(profile),
    }
}

fn adopt(tx: &mut WriteTx<'_>, named: &BTreeMap<String, ProfileFile>) -> Result<(), StoreError> {
    for (name, (_, profile)) in named {
        let before = profiles::find(tx, name)?;
        let seq = profiles::put(tx, name, Origin::File, profile.source())?;
        if before.as_ref().is_none_or(|before| before.seq != seq) {
            tracing::info!(profile = %name, "took a wire profile from its file");
            profiles::adopt(tx, name, seq)?;
            let action = match before {
                None => "profile.create",
                Some(_) => "profile.update",
            };
            record(tx, action, name)?;
        }
    }
    let stored = profiles::list(tx)?;
    let gone = |origin: Origin, name: &str| origin == Origin::File && !named.contains_key(name);
    for stored in stored
        .iter()
        .filter(|stored| gone(stored.origin, &stored.name))
    {
        if is_used(tx, &stored.name)? {
            tracing::warn!(
                profile = %stored.name,
                "the file of a wire profile is gone, but it is used; its last version stays"
            );
        } else {
            profiles::supersede(tx, &stored.name)?;
            record(tx, "profile.delete", &stored.name)?;
        }
    }
    Ok(())
}

fn record(tx: &WriteTx<'_>, action: &str, name: &str) -> Result<(), StoreError> {
    let entry = NewAuditEntry {
        workspace_seq: None,
        consumer_seq: None,
        actor_kind: ActorKind::System,
        actor: "",
        action,
        target: name,
        detail: r#"{"origin":"file"}"#,
    };
    audit::append(tx, &entry)?;
    Ok(())
}

fn is_used(tx: &WriteTx<'_>, name: &str) -> Result<bool, StoreError> {
    let used = profiles::webhooks_using(tx, name)? + workspaces::count_using_profile(tx, name)?;
    Ok(used > 0)
}
