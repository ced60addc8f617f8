//! Who else reads the database.
//!
//! Owns: asking the kernel who holds a reader's lock. Refuses: touching the locked file: to close
//! any handle on it would drop the locks of this process.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::directory::DATABASE_FILE;

/// Bytes of the log's index that readers lock, as SQLite lays it out.
const READER_LOCKS: std::ops::RangeInclusive<u64> = 123..=127;
/// Processes that are named at most.
const NAMED_MAX: usize = 4;

/// Other processes that read the database at this moment, by name and number; none where the kernel
/// does not tell.
pub(super) fn readers(data_dir: &Path) -> Vec<String> {
    let index = data_dir.join(format!("{DATABASE_FILE}-shm"));
    let (Ok(index), Ok(locks)) = (
        std::fs::metadata(index),
        std::fs::read_to_string("/proc/locks"),
    ) else {
        return Vec::new();
    };
    let mut found: Vec<u32> = locks
        .lines()
        .filter_map(|line| reader(line, index.ino()))
        .filter(|process| *process != std::process::id())
        .collect();
    found.sort_unstable();
    found.dedup();
    found.truncate(NAMED_MAX);
    found.into_iter().map(named).collect()
}

/// The process of a line such as `7: POSIX  ADVISORY  READ 1234 fd:01:5678 124 124`, if that is a
/// reader's lock on the file with this number.
fn reader(line: &str, inode: u64) -> Option<u32> {
    let mut words = line.split_whitespace().skip(4);
    let process = words.next()?.parse().ok()?;
    let locked: u64 = words.next()?.rsplit(':').next()?.parse().ok()?;
    let start: u64 = words.next()?.parse().ok()?;
    (locked == inode && READER_LOCKS.contains(&start)).then_some(process)
}

fn named(process: u32) -> String {
    let name = std::fs::read_to_string(format!("/proc/{process}/comm"));
    let name = name.unwrap_or_default();
    match name.trim() {
        "" => format!("process {process}"),
        name => format!("{name} (process {process})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_readers_lock_is_told_from_others() {
        for (line, expect) in [
            (
                "7: POSIX  ADVISORY  READ 1234 fd:01:5678 124 124",
                Some(1234),
            ),
            (
                "7: POSIX  ADVISORY  READ 1234 00:2b:5678 123 123",
                Some(1234),
            ),
            ("7: POSIX  ADVISORY  WRITE 1234 fd:01:5678 120 120", None),
            ("7: POSIX  ADVISORY  READ 1234 fd:01:5678 128 128", None),
            ("7: POSIX  ADVISORY  READ 1234 fd:01:9999 124 124", None),
            ("7: FLOCK  ADVISORY  WRITE 1234 fd:01:5678 0 EOF", None),
            ("7: -> POSIX ADVISORY READ 1234 fd:01:5678 124 124", None),
            ("", None),
        ] {
            assert_eq!(reader(line, 5678), expect, "{line}");
        }
    }
}
