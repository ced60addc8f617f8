//! What commands print, and how they complain.
//!
//! Owns: standard output that may be a closed pipe, one-line errors, and which of them are wrong usage. Refuses: colours.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

pub(super) use crate::domain::plural::counted;

/// What is wrong with a command line, where only the command itself can tell.
#[derive(Debug)]
pub(super) struct WrongUsage(String);

impl WrongUsage {
    /// Says it in words.
    pub(super) fn of(message: impl Into<String>) -> anyhow::Error {
        Self(message.into()).into()
    }
}

impl Display for WrongUsage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongUsage {}

/// Prints a line on standard output. Whoever reads only the beginning (`| head`) has seen enough,
/// so a closed pipe is no failure.
///
/// # Errors
/// Where standard output can't be written for any other reason.
pub(super) fn say(line: impl Display) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    forgive_closed_pipe(writeln!(stdout, "{line}").and_then(|()| stdout.flush()))
}

/// Prints a line of many. Unlike [`say`] it tells of a closed pipe: whoever goes on printing must end
/// then.
///
/// # Errors
/// Where standard output can't be written.
pub(super) fn say_on(line: impl Display) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

/// Prints bytes on standard output as they are.
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
    let line = chained(error).replace(['\n', '\r'], " ");
    // If standard error is gone too, nobody is left to be told.
    drop(writeln!(io::stderr(), "error: {line}"));
}

/// The error and its causes; one that the error before it quotes already is not said again.
fn chained(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if line.is_empty() {
            line = cause;
        } else if !line.contains(&cause) {
            line = format!("{line}: {cause}");
        }
    }
    line
}

/// Text of others without the control characters that would move the cursor or colour the terminal, and
/// without those that have it read the other way round.
pub(super) fn visible(text: &str) -> String {
    let turns = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .map(|c| match c.is_control() || turns(c) {
            true => '\u{fffd}',
            false => c,
        })
        .collect()
}

/// JSON with a line per member and item, every other byte as it is: no number is rounded, no key
/// moved. Text that is not JSON comes out mangled but whole.
pub(super) fn indented(json: &str) -> String {
    let mut text = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    let mut last = ' ';
    for c in json.chars() {
        if in_string {
            text.push(c);
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        if c.is_ascii_whitespace() {
            continue;
        }
        let closes = matches!(c, '}' | ']');
        depth = if closes {
            depth.saturating_sub(1)
        } else {
            depth
        };
        let is_empty_pair = closes && matches!(last, '{' | '[');
        if !is_empty_pair && (closes || matches!(last, '{' | '[' | ',')) {
            text.push('\n');
            text.push_str(&"  ".repeat(depth));
        }
        text.push(c);
        match c {
            '{' | '[' => depth += 1,
            ':' => text.push(' '),
            '"' => in_string = true,
            _ => {}
        }
        last = c;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_and_its_causes_are_said_once() {
        let check = |error: anyhow::Error, expect: &str| assert_eq!(chained(&error), expect);
        let cause = || anyhow::anyhow!("connection refused");
        check(cause(), "connection refused");
        check(
            cause().context("cannot reach it"),
            "cannot reach it: connection refused",
        );
        let quoted = cause().context("cannot reach it: connection refused");
        check(quoted, "cannot reach it: connection refused");
        let middle = cause().context("asked: connection refused, twice");
        check(middle, "asked: connection refused, twice");
    }

    #[test]
    fn one_is_one_and_none_are_many() {
        let check =
            |count, expect: &str| assert_eq!(counted(count, "delivery", "deliveries"), expect);
        check(0, "0 deliveries");
        check(1, "1 delivery");
        check(2, "2 deliveries");
    }

    #[test]
    fn json_is_laid_out_and_otherwise_untouched() {
        let check = |json: &str, expect: &str| assert_eq!(indented(json), expect);
        check(r#"{"b":1.0,"a":[]}"#, "{\n  \"b\": 1.0,\n  \"a\": []\n}");
        check(
            r#"[1,{"x":"a, {\"}"}]"#,
            "[\n  1,\n  {\n    \"x\": \"a, {\\\"}\"\n  }\n]",
        );
        check(r#""a\\" "#, r#""a\\""#);
        check("{ }", "{}");
    }
}
