//! A disk that fails and a clock that is set, for the real binary: `faults.c`, preloaded into it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::process::serve;

/// The C library's numbers of what a disk answers.
pub const EIO: i32 = 5;
pub const ENOSPC: i32 = 28;
pub const EDQUOT: i32 = 122;

/// The built shim and the file by which it is told what fails.
pub struct Shim {
    dir: tempfile::TempDir,
}

impl Shim {
    /// Builds it with the compiler that also builds SQLite.
    pub fn build() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let built = Command::new("cc")
            .args(["-Wall", "-Werror", "-shared", "-fPIC", "-o"])
            .arg(dir.path().join("faults.so"))
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/it/binary/faults.c"
            ))
            .status();
        assert!(built.unwrap().success());
        Self { dir }
    }

    /// `hookpost serve` on `data_dir`, allowed to call receivers on loopback, with the shim inside.
    pub fn serve(&self, data_dir: &Path) -> Command {
        let mut command = serve(data_dir);
        command.args(["--listen", "127.0.0.1:0", "--allow-http"]);
        command.args(["--allow-private", "127.0.0.0/8"]);
        command.env("LD_PRELOAD", self.dir.path().join("faults.so"));
        command.env("FAULTS", self.control());
        command
    }

    /// As [`Shim::serve`], on a machine whose clock is `seconds` ahead.
    pub fn serve_ahead(&self, data_dir: &Path, seconds: i64) -> Command {
        let mut command = self.serve(data_dir);
        command.env("CLOCK_AHEAD_S", seconds.to_string());
        command
    }

    /// From now on each `call` (`write` or `sync`) on a file whose path ends with `ending` fails with
    /// `errno`.
    pub fn fail(&self, call: &str, ending: &str, errno: i32) {
        let next = self.dir.path().join("next");
        std::fs::write(&next, format!("{call} {ending} {errno}\n")).unwrap();
        std::fs::rename(next, self.control()).unwrap();
    }

    /// From now on each flush of a file whose path ends with `ending` waits until all is mended.
    pub fn hang(&self, ending: &str) {
        self.fail("hang", ending, 0);
    }

    /// Everything works again.
    pub fn mend(&self) {
        std::fs::remove_file(self.control()).unwrap();
    }

    fn control(&self) -> PathBuf {
        self.dir.path().join("faults")
    }
}
