//! What a file declares of a workspace.
//!
//! Owns: reading it, TOML or JSON. Refuses: members that nobody knows; a typo must not pass in silence.

use std::path::Path;

use crate::cli::input::InputSource;
use anyhow::Context;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The most bytes of a declaration: 16 MiB.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What the file says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct DeclaredState {
    pub(super) settings: Map<String, Value>,
    /// `None` where the file says nothing of profiles.
    pub(super) profiles: Option<Vec<Map<String, Value>>>,
    pub(super) event_types: Vec<Map<String, Value>>,
    pub(super) webhooks: Vec<Map<String, Value>>,
}

/// What the file declares.
pub(super) fn declared(file: &Path) -> anyhow::Result<DeclaredState> {
    let shown = file.display();
    let text = InputSource::File(file).text(FILE_BYTES_MAX)?;
    let value = parsed(file, &text)?;
    serde_json::from_value(value).with_context(|| format!("{shown} declares no state"))
}

/// A document in JSON or TOML, by the file's name; where that says neither, by how it begins.
pub(in crate::cli::rest) fn parsed(file: &Path, text: &str) -> anyhow::Result<Value> {
    let shown = file.display();
    let extension = file.extension().and_then(|extension| extension.to_str());
    let is_json = match extension {
        Some("json") => true,
        Some("toml") => false,
        _ => text.trim_start().starts_with('{'),
    };
    match is_json {
        true => serde_json::from_str(text).with_context(|| format!("{shown} is not JSON")),
        false => toml::from_str(text).with_context(|| format!("{shown} is not TOML")),
    }
}
