//! Names of versions as callers write them.
//!
//! Owns: their JSON: a text, or a number for the text of it. Refuses: judging them (`service`).

use serde::Deserialize;
use utoipa::ToSchema;

/// The name of a version: a text, or a number for the text of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged, expecting = "a version is a text or a whole number")]
pub enum VersionText {
    /// Its number.
    Number(u32),
    /// Its name.
    Name(String),
}

impl From<VersionText> for String {
    fn from(said: VersionText) -> Self {
        match said {
            VersionText::Number(number) => number.to_string(),
            VersionText::Name(name) => name,
        }
    }
}
