//! `hookpost openapi`: the API's description for tools.
//!
//! Owns: printing it. Refuses: asking a server; the document is part of the program.

use clap::Args;

use super::output;
use crate::api;

/// Print the OpenAPI 3.1 document of the REST API.
#[derive(Args)]
pub(super) struct Openapi {}

impl Openapi {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(api::document())?;
        output::say(text)?;
        Ok(())
    }
}
