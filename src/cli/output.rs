//! What commands print, and how they complain.
//!
//! Owns: standard output that may be a closed pipe, one-line errors. Refuses: colours.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

/// Prints a line on standard output. Whoever reads only the beginning (`| head`) has seen enough,
/// so a closed pipe is no failure.
///
/// # Errors
/// Where standard output can't be written for any other reason.
pub(super) fn say(line: impl Display) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    forgive_closed_pipe(writeln!(stdout, "{line}").and_then(|()| stdout.flush()))
}

/// Prints bytes on standard output as they are.
///
/// # Errors
/// As [`say`].
pub(super) fn write(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    forgive_closed_pipe(stdout.write_all(bytes).and_then(|()| stdout.flush()))
}

fn forgive_closed_pipe(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Prints one line on standard error that says why the command failed.
pub(super) fn complain(error: &anyhow::Error) {
    let line = format!("{error:#}").replace(['\n', '\r'], " ");
    // If standard error is gone too, nobody is left to be told.
    drop(writeln!(io::stderr(), "error: {line}"));
}

/// Text of others without the control characters that would move the cursor or colour the terminal.
pub(super) fn visible(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}
