//! What an event type and a version of it have in common.
//!
//! Owns: their flags, and where they are. Refuses: judging values; the server does.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde_json::{Map, Value};

use super::encoded;
use crate::cli::input::{INPUT_BYTES_MAX, InputSource};

/// What an event type and a version of it have in common.
#[derive(Args)]
pub(super) struct DescribedFlags {
    /// When it happens, or what is new, in words
    #[arg(long)]
    description: Option<String>,
    /// A file that holds the JSON Schema of its data
    #[arg(long, value_name = "FILE")]
    schema_file: Option<PathBuf>,
    /// A file that holds an example of its data
    #[arg(long, value_name = "FILE")]
    example_file: Option<PathBuf>,
    /// Whether it is out of use: true or false
    #[arg(long, value_name = "BOOL")]
    archived: Option<bool>,
}

/// Where an event type is.
pub(super) fn path(name: &str) -> String {
    format!("/event-types/{}", encoded(name))
}

impl DescribedFlags {
    /// Puts what the flags say in the place of what is there.
    pub(super) fn lay_over(&self, present: &mut Map<String, Value>) -> anyhow::Result<()> {
        let mut set = |member: &str, value: Option<Value>| {
            if let Some(value) = value {
                present.insert(member.to_owned(), value);
            }
        };
        set("description", self.description.clone().map(Value::from));
        set(
            "schema",
            self.schema_file.as_deref().map(json_in).transpose()?,
        );
        set(
            "example",
            self.example_file.as_deref().map(json_in).transpose()?,
        );
        set("archived", self.archived.map(Value::from));
        Ok(())
    }
}

fn json_in(path: &Path) -> anyhow::Result<Value> {
    let shown = path.display();
    let text = InputSource::File(path).text(INPUT_BYTES_MAX)?;
    serde_json::from_str(&text).with_context(|| format!("{shown} is not JSON"))
}
