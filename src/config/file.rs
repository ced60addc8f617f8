//! The configuration file: TOML with the options' names as keys.
//!
//! Owns: reading it and saying in one line what is wrong with it. Refuses: keys that no option has.

use std::path::{Path, PathBuf};

use crate::config::error::ConfigError;
use crate::config::options::Options;

/// The most bytes of a configuration file: 1 MiB.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Whether a file must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// Somebody named it.
    Required,
    /// It is looked for at its usual place.
    Optional,
}

/// Reads the options of the file at `path`.
pub(super) fn read(path: &Path, presence: Presence) -> Result<Options, ConfigError> {
    let failed = |source| ConfigError::File {
        path: path.to_owned(),
        source,
    };
    let size = match std::fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if is_absent(&error) && presence == Presence::Optional => {
            return Ok(Options::default());
        }
        Err(error) => return Err(failed(error)),
    };
    if size > FILE_BYTES_MAX {
        return Err(failed(std::io::ErrorKind::FileTooLarge.into()));
    }
    let text = std::fs::read_to_string(path).map_err(failed)?;
    parse(path, &text)
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
    )
}

fn parse(path: &Path, text: &str) -> Result<Options, ConfigError> {
    toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start.min(text.len()));
        let before = &text.as_bytes()[..start];
        let line_begin = before.iter().rposition(|byte| *byte == b'\n');
        let line_text = text[line_begin.map_or(0, |at| at + 1)..]
            .lines()
            .next()
            .unwrap_or_default();
        ConfigError::Malformed {
            path: PathBuf::from(path),
            line: before.iter().filter(|byte| **byte == b'\n').count() + 1,
            message: explain(error.message(), line_text),
        }
    })
}

/// serde names an unknown key and lists all others; one name that is near is worth more. For a bad
/// value it says what is wrong but not with which key; the line says it.
fn explain(message: &str, line_text: &str) -> String {
    let message = message.trim().replace('\n', " ");
    let Some((unknown, known)) = message.split_once(", expected one of ") else {
        let key = line_text.split_once('=').map(|(key, _)| key.trim());
        return match key {
            Some(key) if !message.contains(key) => format!("{key}: {message}"),
            Some(_) | None => message,
        };
    };
    let key = unknown.split('`').nth(1).unwrap_or_default();
    let known = known.split(", ").map(|name| name.trim_matches('`'));
    let nearest = known.max_by(|a, b| {
        let (a, b) = (strsim::jaro_winkler(key, a), strsim::jaro_winkler(key, b));
        a.total_cmp(&b)
    });
    match nearest.filter(|name| strsim::jaro_winkler(key, name) > 0.8) {
        Some(name) => format!("unknown key `{key}`; did you mean `{name}`?"),
        None => format!("unknown key `{key}`; `hookpost serve --help` lists them"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        parse(Path::new("a.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn every_key_is_read() {
        let options = parse(
            Path::new("a.toml"),
            r#"
            listen = "127.0.0.1:0"
            data_dir = "/var/lib/hookpost"
            allow_http = true
            allow_private = ["10.0.0.0/8", "fd00::/8"]
            public_url = "https://hooks.example.com"
            shutdown_grace = "1m"
            max_in_flight = 64
            event_data_bytes_max = 1024
            log = "debug"
            log_format = "json"
            "#,
        )
        .unwrap();
        assert_eq!(options.listen, Some("127.0.0.1:0".parse().unwrap()));
        assert_eq!(options.allow_http, Some(true));
        assert_eq!(options.allow_private.map(|ranges| ranges.len()), Some(2));
        assert_eq!(options.max_in_flight, Some(64));
        assert_eq!(options.log, Some(crate::telemetry::LogLevel::Debug));
    }

    #[test]
    fn a_mistake_is_named_with_its_line() {
        let check = |text: &str, expect: &str| assert_eq!(refusal(text), expect);
        check(
            "\nlissten = \"127.0.0.1:1\"",
            "a.toml, line 2: unknown key `lissten`; did you mean `listen`?",
        );
        check(
            "colour = 1",
            "a.toml, line 1: unknown key `colour`; `hookpost serve --help` lists them",
        );
        check(
            "allow_http = true\nmax_in_flight = 0",
            "a.toml, line 2: max_in_flight: must be from 1 to 16384",
        );
        check(
            "shutdown_grace = \"soon\"",
            "a.toml, line 1: shutdown_grace: must be a duration such as \"250ms\", \"10s\", \"5m\" or \"24h\"",
        );
        check(
            "log = \"loud\"",
            "a.toml, line 1: log: must be off, error, warn, info, debug or trace",
        );
        assert!(refusal("listen = 7").starts_with("a.toml, line 1: listen: invalid type"));
        assert!(refusal("listen = ").starts_with("a.toml, line 1: "));
        assert!(!refusal("listen = [\n1,\n2\n").contains('\n'));
    }
}
