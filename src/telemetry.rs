//! The log: what hookpost says about itself on standard error.
//!
//! Owns: the level, the form (text for people, JSON for collectors), and which libraries may speak.
//! Refuses: standard output, which belongs to what commands answer, and writing files.
//!
//! # Why a level and no directives
//! Webhook URLs carry tokens in their query and bodies carry other people's data. hookpost's own
//! lines never hold either, but libraries at debug level would print URLs and headers. So the level
//! applies to hookpost alone, and libraries are heard from `warn` up whatever anybody asks for.

pub mod metrics;
pub mod traces;

use std::fmt;
use std::io::IsTerminal;
use std::str::FromStr;
use std::sync::OnceLock;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt as format, reload};

/// The level in force, once the log has started.
static IN_FORCE: OnceLock<reload::Handle<Targets, Registry>> = OnceLock::new();

/// How much hookpost says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What needs a person at once.
    Error,
    /// What a person should look at.
    Warn,
    /// Starts, stops, changes by people and keys, and what broke.
    #[default]
    Info,
    /// A line for each request and each delivery.
    Debug,
    /// Every step.
    Trace,
}

impl LogLevel {
    const ALL: [Self; 6] = [
        Self::Off,
        Self::Error,
        Self::Warn,
        Self::Info,
        Self::Debug,
        Self::Trace,
    ];

    /// The word of flags and files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }

    fn filter(self) -> LevelFilter {
        match self {
            Self::Off => LevelFilter::OFF,
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
            Self::Trace => LevelFilter::TRACE,
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for LogLevel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|level| level.as_str() == text);
        found.ok_or_else(|| "must be off, error, warn, info, debug or trace".to_owned())
    }
}

/// What a line looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Text where standard error is a terminal, else JSON.
    #[default]
    Auto,
    /// A line of text.
    Text,
    /// A JSON object per line.
    Json,
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("must be auto, text or json".to_owned()),
        }
    }
}

/// Starts the log. Only the first call in a process has an effect.
pub fn start(level: LogLevel, form: LogFormat) {
    let is_terminal = std::io::stderr().is_terminal();
    let lines = format::layer().with_writer(std::io::stderr);
    let lines = match (form, is_terminal) {
        (LogFormat::Text, _) | (LogFormat::Auto, true) => lines.with_ansi(is_terminal).boxed(),
        (LogFormat::Json, _) | (LogFormat::Auto, false) => lines.json().flatten_event(true).boxed(),
    };
    let (filter, handle) = reload::Layer::new(targets(level));
    let started = Registry::default()
        .with(lines.with_filter(filter))
        .try_init();
    // A second start in one process, as in tests, keeps the first log: nothing would be gained by
    // failing over it.
    if started.is_ok() {
        drop(IN_FORCE.set(handle));
    }
}

/// Changes how much hookpost says from now on.
pub fn set_level(level: LogLevel) {
    if let Some(handle) = IN_FORCE.get() {
        // It only fails where the log is gone, and then there is nowhere to say so.
        drop(handle.reload(targets(level)));
    }
}

/// hookpost at `level`, libraries at `warn` or less.
fn targets(level: LogLevel) -> Targets {
    Targets::new()
        .with_default(level.filter().min(LevelFilter::WARN))
        .with_target("hookpost", level.filter())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn words_read_back() {
        for level in LogLevel::ALL {
            assert_eq!(level.as_str().parse(), Ok(level));
        }
        assert!("verbose".parse::<LogLevel>().is_err());
        assert_eq!("json".parse(), Ok(LogFormat::Json));
        assert!("xml".parse::<LogFormat>().is_err());
    }

    #[test]
    fn libraries_are_never_heard_below_warn() {
        let check = |level: LogLevel, target: &str, line: Level, expect: bool| {
            let heard = targets(level).would_enable(target, &line);
            assert_eq!(heard, expect, "{level} {target} {line}");
        };
        check(LogLevel::Trace, "hookpost::engine", Level::TRACE, true);
        check(LogLevel::Trace, "reqwest::connect", Level::INFO, false);
        check(LogLevel::Trace, "reqwest::connect", Level::WARN, true);
        check(LogLevel::Info, "hookpost", Level::DEBUG, false);
        check(LogLevel::Error, "rustls", Level::WARN, false);
        check(LogLevel::Off, "hookpost", Level::ERROR, false);
    }
}
