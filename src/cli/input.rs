//! Reading what people name at the command line: files, and standard input.
//!
//! Owns: a bound on each, whatever the system says of its size: a pipe or a device has none. Refuses:
//! understanding it, and cutting it: what is too large is refused as a whole.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};

use crate::domain::plural::counted;

/// The most bytes that are read of data which the server judges, whose own limit is usually far lower.
pub(super) const INPUT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Where something is read from.
#[derive(Clone, Copy, Debug)]
pub(super) enum InputSource<'a> {
    /// A file.
    File(&'a Path),
    /// Standard input.
    Stdin,
}

impl<'a> InputSource<'a> {
    /// The file, or standard input where none is named.
    pub(super) fn named(file: Option<&'a Path>) -> Self {
        file.map_or(Self::Stdin, Self::File)
    }

    /// All of it, which is `bytes_max` bytes at most.
    ///
    /// # Errors
    /// Where it cannot be read, or is larger.
    pub(super) fn bytes(self, bytes_max: u64) -> anyhow::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let most = bytes_max.saturating_add(1);
        let read = match self {
            Self::File(path) => {
                File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes))
            }
            Self::Stdin => std::io::stdin().lock().take(most).read_to_end(&mut bytes),
        };
        let read = read.with_context(|| format!("cannot read {self}"))?;
        if read as u64 > bytes_max {
            bail!(
                "{self} is larger than {}",
                counted(bytes_max, "byte", "bytes")
            );
        }
        Ok(bytes)
    }

    /// As [`InputSource::bytes`], of text.
    ///
    /// # Errors
    /// Also where it is not UTF-8.
    pub(super) fn text(self, bytes_max: u64) -> anyhow::Result<String> {
        let bytes = self.bytes(bytes_max)?;
        String::from_utf8(bytes).with_context(|| format!("{self} is not UTF-8 text"))
    }
}

impl std::fmt::Display for InputSource<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Stdin => f.write_str("standard input"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_is_refused_and_never_cut() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("five");
        std::fs::write(&path, "five!").unwrap();
        let five = InputSource::File(&path);
        assert_eq!(five.text(5).unwrap(), "five!");
        let refused = five.text(4).unwrap_err().to_string();
        assert!(
            refused.ends_with("five is larger than 4 bytes"),
            "{refused}"
        );
        // It says that it holds nothing, and does not end.
        let endless = InputSource::File(Path::new("/dev/zero"));
        assert!(endless.bytes(1000).is_err());
        std::fs::write(&path, b"\xff").unwrap();
        assert!(five.text(5).unwrap_err().to_string().contains("UTF-8"));
        let missing = InputSource::File(Path::new("/nowhere")).bytes(1);
        assert!(
            missing
                .unwrap_err()
                .to_string()
                .contains("cannot read /nowhere")
        );
    }
}
