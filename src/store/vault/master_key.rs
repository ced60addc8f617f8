//! The master key: 32 bytes that live beside the database, never in it.
//!
//! Owns: where the key comes from, the refusal of key files that others can read, and replacing a
//! key file so that a crash at any moment leaves a key that fits. Refuses: sealing anything with
//! it (that is `vault`) and reading the environment (the caller passes the text in).
//!
//! # Why a key file is checked and not repaired
//! A key that others could read must be taken to be known to them. Tightening the mode in silence
//! would hide that; the person who runs hookpost decides whether to rotate it.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::error::VaultError;
use crate::domain::secret::Secret;
use crate::entropy;

/// What may be read of a key file, in bytes; a key in its longest form takes 65.
const KEY_FILE_BYTES_MAX: u64 = 1024;

/// Where the master key comes from.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// The text of an environment variable: 64 hex digits or base64. Never written by hookpost.
    Text(Secret),
    /// A file of our own with mode 0600, made at the first start.
    File(PathBuf),
    /// A file that the service manager provides, such as a systemd credential. Never written by
    /// hookpost. Its group bits are not judged: they show the mask of the access list by which
    /// systemd lets the service read it.
    Credential(PathBuf),
}

impl KeySource {
    /// Reads the key; `None` where a key file of our own does not exist (yet).
    ///
    /// # Errors
    /// [`VaultError::KeyExposed`] where others can read the file, [`VaultError::KeyMalformed`]
    /// where its content is no key, [`VaultError::KeyFile`] where it cannot be read.
    pub fn read(&self) -> Result<Option<MasterKey>, VaultError> {
        match self {
            Self::Text(text) => self.parse(text.expose().as_bytes()).map(Some),
            Self::File(path) => self.read_file(path, 0o077),
            Self::Credential(path) => match self.read_file(path, 0o007)? {
                Some(key) => Ok(Some(key)),
                None => Err(failed("read", path, io::ErrorKind::NotFound.into())),
            },
        }
    }

    /// Makes a key where this source is ours to write and empty.
    pub(super) fn create(&self) -> Result<MasterKey, VaultError> {
        match (self.read()?, self) {
            (Some(key), _) => Ok(key),
            (None, Self::File(path)) => {
                let key = MasterKey::generate();
                key.write_file(path)?;
                Ok(key)
            }
            (None, Self::Text(_) | Self::Credential(_)) => Err(self.malformed()),
        }
    }

    fn read_file(&self, path: &Path, forbidden: u32) -> Result<Option<MasterKey>, VaultError> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("open", path, error)),
        };
        // The open file is asked, not the path: nobody can swap it between the two questions.
        let metadata = file
            .metadata()
            .map_err(|error| failed("inspect", path, error))?;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & forbidden != 0 {
            let path = path.to_owned();
            return Err(VaultError::KeyExposed { path, mode });
        }
        let mut content = Zeroizing::new(Vec::with_capacity(KEY_FILE_BYTES_MAX as usize + 1));
        file.take(KEY_FILE_BYTES_MAX)
            .read_to_end(&mut content)
            .map_err(|error| failed("read", path, error))?;
        self.parse(&content).map(Some)
    }

    fn parse(&self, content: &[u8]) -> Result<MasterKey, VaultError> {
        MasterKey::parse(content).ok_or_else(|| self.malformed())
    }

    fn malformed(&self) -> VaultError {
        VaultError::KeyMalformed {
            origin: self.to_string(),
        }
    }
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str("the environment"),
            Self::File(path) | Self::Credential(path) => write!(f, "{}", path.display()),
        }
    }
}

/// The master key itself. It redacts itself in debug forms and is wiped when dropped.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// A new key that nobody can guess.
    #[must_use]
    pub fn generate() -> Self {
        Self(Zeroizing::new(entropy::bytes()))
    }

    /// Reads a key: 64 hex digits, base64 with either alphabet and with or without padding, or 32
    /// raw bytes. White space around the text forms is passed over.
    #[must_use]
    pub fn parse(content: &[u8]) -> Option<Self> {
        if let Ok(raw) = content.try_into() {
            return Some(Self(Zeroizing::new(raw)));
        }
        let text = content.trim_ascii();
        let decoded = Zeroizing::new(match text.len() {
            64 => hex(text)?,
            43 => STANDARD_NO_PAD
                .decode(text)
                .or_else(|_| URL_SAFE_NO_PAD.decode(text))
                .ok()?,
            44 => STANDARD
                .decode(text)
                .or_else(|_| URL_SAFE.decode(text))
                .ok()?,
            _ => return None,
        });
        let key = decoded.as_slice().try_into().ok()?;
        Some(Self(Zeroizing::new(key)))
    }

    /// The key as 64 hex digits: for key files and backups.
    #[must_use]
    pub fn to_text(&self) -> Secret {
        let mut text = String::with_capacity(64);
        for byte in self.0.iter() {
            for half in [byte >> 4, byte & 15] {
                text.extend(char::from_digit(u32::from(half), 16));
            }
        }
        Secret::new(text)
    }

    /// Puts the key into the file `path` with mode 0600, replacing what is there, so that after a
    /// crash the file holds the old content or the new, whole.
    ///
    /// # Errors
    /// [`VaultError::KeyFile`] where the disk refuses.
    pub fn write_file(&self, path: &Path) -> Result<(), VaultError> {
        let draft = beside(path, "draft");
        self.write_draft(&draft)
            .map_err(|error| failed("write", &draft, error))?;
        rename_durably(&draft, path)
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn write_draft(&self, draft: &Path) -> io::Result<()> {
        match fs::remove_file(draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(draft)?;
        file.write_all(self.to_text().expose().as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A key file's successor during a rotation: `<file>.new`, on disk before the database adopts it.
#[derive(Debug)]
pub struct PendingKey {
    key: MasterKey,
    path: PathBuf,
}

impl PendingKey {
    /// Writes a new key beside the key file `path`, flushed. Replaces what an interrupted rotation
    /// left there.
    ///
    /// # Errors
    /// [`VaultError::KeyFile`] where the disk refuses.
    pub fn write(path: &Path) -> Result<Self, VaultError> {
        let key = MasterKey::generate();
        key.write_file(&beside(path, "new"))?;
        let path = path.to_owned();
        Ok(Self { key, path })
    }

    /// The key that a rotation wrote beside `path` and did not get to put in its place.
    pub(super) fn left_behind(path: &Path) -> Result<Option<Self>, VaultError> {
        let key = KeySource::File(beside(path, "new")).read()?;
        let path = path.to_owned();
        Ok(key.map(|key| Self { key, path }))
    }

    /// The new key, under which the database is to be resealed.
    #[must_use]
    pub fn key(&self) -> &MasterKey {
        &self.key
    }

    /// Puts the new key in the old one's place, for good. Call after the database committed.
    ///
    /// # Errors
    /// [`VaultError::KeyFile`] where the disk refuses; the next start then does it.
    pub fn adopt(self) -> Result<(), VaultError> {
        rename_durably(&beside(&self.path, "new"), &self.path)
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

/// A rename survives a power cut only once the directory is flushed too.
fn rename_durably(from: &Path, to: &Path) -> Result<(), VaultError> {
    let directory = match to.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    fs::rename(from, to)
        .and_then(|()| File::open(directory)?.sync_all())
        .map_err(|error| failed("replace", to, error))
}

fn failed(action: &'static str, path: &Path, error: io::Error) -> VaultError {
    VaultError::KeyFile {
        action,
        path: path.to_owned(),
        error,
    }
}

fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let value = |digit: u8| char::from(digit).to_digit(16);
    let pairs = text.chunks_exact(2);
    pairs
        .map(|pair| u8::try_from(value(pair[0])? << 4 | value(pair[1])?).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: [u8; 32] = [0xfb; 32];

    fn check(content: &[u8], expect: Option<[u8; 32]>) {
        let parsed = MasterKey::parse(content).map(|key| *key.0);
        assert_eq!(parsed, expect, "{}", String::from_utf8_lossy(content));
    }

    #[test]
    fn a_key_is_read_from_hex_base64_and_raw_bytes() {
        check("fb".repeat(32).as_bytes(), Some(BYTES));
        check(format!(" {}\n", "FB".repeat(32)).as_bytes(), Some(BYTES));
        check(STANDARD.encode(BYTES).as_bytes(), Some(BYTES));
        check(URL_SAFE.encode(BYTES).as_bytes(), Some(BYTES));
        check(URL_SAFE_NO_PAD.encode(BYTES).as_bytes(), Some(BYTES));
        check(&BYTES, Some(BYTES));
    }

    #[test]
    fn what_is_not_32_bytes_is_no_key() {
        check(b"", None);
        check(b"secret", None);
        check("fb".repeat(31).as_bytes(), None);
        check("fg".repeat(32).as_bytes(), None);
        check(&[b'x'; 4096], None);
    }

    #[test]
    fn a_key_file_is_made_for_its_owner_only_and_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        let source = KeySource::File(path.clone());
        assert!(source.read().unwrap().is_none());
        let made = source.create().unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(source.read().unwrap().unwrap().bytes(), made.bytes());
        assert_eq!(source.create().unwrap().bytes(), made.bytes());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_key_file_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        MasterKey::generate().write_file(&path).unwrap();
        for mode in [0o640, 0o604, 0o660, 0o777] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let refusal = KeySource::File(path.clone()).read().unwrap_err();
            assert!(
                matches!(refusal, VaultError::KeyExposed { .. }),
                "{refusal}"
            );
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o440)).unwrap();
        assert!(KeySource::Credential(path).read().unwrap().is_some());
    }

    #[test]
    fn a_missing_credential_is_an_error_and_never_made() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("credential");
        let refusal = KeySource::Credential(path.clone()).create().unwrap_err();
        assert!(matches!(refusal, VaultError::KeyFile { .. }), "{refusal}");
        assert!(!path.exists());
    }

    #[test]
    fn debug_output_shows_nothing_of_a_key() {
        let key = MasterKey::parse(&BYTES).unwrap();
        let shown = format!("{key:?} {:?}", KeySource::Text(key.to_text()));
        assert!(!shown.contains("fb"), "{shown}");
    }
}
