//! Documents into the catalogue, and the catalogue as a document.
//!
//! Owns: reading files and standard input, and telling what was changed. Refuses: judging documents; the
//! server does.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::Args;
use serde_json::Value;

use super::filter::FilterQuery;
use super::shown::member_words;
use super::{Api, parse};
use crate::cli::input::InputSource;
use crate::cli::output::{self, WrongUsage};
use crate::cli::table::{Column, Table};
use crate::domain::plural::counted;
use crate::domain::yaml;

/// The most bytes of a document: 8 MiB, as the server takes.
const DOCUMENT_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Stands for standard input.
const STDIN: &str = "-";

#[derive(Args)]
pub(super) struct ImportFlags {
    /// An OpenAPI 3.1 document, whose webhooks are event types, or JSON Schema files of one event type
    /// each, in JSON or YAML; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The event type whose schema it is [default: what title or $id of the schema says, or the file's name]
    #[arg(long, value_name = "TYPE")]
    name: Option<String>,
    /// Archive event types that the OpenAPI document does not name
    #[arg(long)]
    archive_missing: bool,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(serde::Deserialize)]
struct ShownImport {
    dry_run: bool,
    changes: Vec<Value>,
}

impl ImportFlags {
    pub(super) async fn run(&self, api: &Api) -> anyhow::Result<()> {
        if self.name.is_some() && self.files.len() > 1 {
            return Err(WrongUsage::of(format!(
                "--name is for one schema; there are {}",
                counted(self.files.len(), "file", "files")
            )));
        }
        // All are read before the first one is imported.
        let documents = self.files.iter().map(|file| Ok((file, read(file)?)));
        let documents: Vec<(&PathBuf, Value)> = documents.collect::<anyhow::Result<_>>()?;
        for (file, document) in &documents {
            let shown = file.display();
            let body = api.post(&self.path(file, document), document).await;
            let body = body.with_context(|| format!("{shown} was not imported"))?;
            api.answer(&body, describe)?;
        }
        Ok(())
    }

    fn path(&self, file: &Path, document: &Value) -> String {
        let mut query = FilterQuery::default();
        query.push("dry_run", self.dry_run.then_some("true"));
        if document.get("openapi").is_some() {
            query.push("archive_missing", self.archive_missing.then_some("true"));
            return query.on("/event-types/import/openapi");
        }
        let of_file = || named_by(file).filter(|_| names_nothing(document));
        let name = self.name.clone().or_else(of_file);
        query.push("name", name.as_deref());
        query.on("/event-types/import/schema")
    }
}

/// Whether a schema does not say itself whose it is.
fn names_nothing(schema: &Value) -> bool {
    let title = schema.get("title").and_then(Value::as_str);
    let is_name = |title: &str| !title.contains(char::is_whitespace);
    !title.is_some_and(is_name) && schema.get("$id").is_none()
}

/// The event type that a file is named after: `order.paid` of `order.paid.schema.json`.
fn named_by(file: &Path) -> Option<String> {
    let name = file.file_name()?.to_str()?;
    if name == STDIN {
        return None;
    }
    let ends = [".json", ".yaml", ".yml", ".schema"];
    let cut = |name: &str| {
        ends.iter()
            .find_map(|end| name.strip_suffix(end).map(str::to_owned))
    };
    let mut name = name.to_owned();
    while let Some(shorter) = cut(&name) {
        name = shorter;
    }
    Some(name)
}

fn read(file: &Path) -> anyhow::Result<Value> {
    let shown = file.display();
    let named = (file.as_os_str() != STDIN).then_some(file);
    let text = InputSource::named(named).text(DOCUMENT_BYTES_MAX)?;
    // Each JSON document is a YAML document as well, but its own reader is exact and says more.
    if text.trim_start().starts_with(['{', '[']) {
        let read = serde_json::from_str(&text);
        return read.with_context(|| format!("{shown} is not JSON"));
    }
    yaml::json_of(&text).map_err(|error| anyhow!("{shown} is not YAML: {error}"))
}

fn describe(done: &ShownImport) -> anyhow::Result<()> {
    let mut table = Table::new(&[
        Column::cut("EVENT TYPE"),
        Column::whole("CHANGE"),
        Column::spare("FIELDS"),
    ]);
    let is_change = |one: &&Value| one["change"] != "nothing";
    let mut changes = 0;
    for one in done.changes.iter().filter(is_change) {
        changes += 1;
        table.row([
            member_words(one, "name"),
            member_words(one, "change"),
            member_words(one, "fields"),
        ]);
    }
    if changes > 0 {
        table.print()?;
    }
    let rest = done.changes.len() - changes;
    match done.dry_run {
        true => output::say(format_args!(
            "{changes} would change, {rest} stay as they are"
        ))?,
        false => output::say(format_args!("{changes} changed, {rest} stay as they are"))?,
    }
    Ok(())
}

/// Prints the catalogue as the server gives it.
pub(super) async fn export(api: &Api) -> anyhow::Result<()> {
    let body = api.fetch("/event-types/export/openapi").await?;
    let document: Value = parse(&body)?;
    let text = serde_json::to_string_pretty(&document)?;
    output::write(&[text.as_bytes(), b"\n"].concat())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_named_after_its_file_where_it_does_not_say_itself() {
        for (file, name) in [
            ("order.paid.json", Some("order.paid")),
            ("a/order.paid.schema.json", Some("order.paid")),
            ("order.paid.schema.yaml", Some("order.paid")),
            ("order.paid", Some("order.paid")),
            ("-", None),
        ] {
            assert_eq!(named_by(Path::new(file)).as_deref(), name, "{file}");
        }
        assert!(names_nothing(&serde_json::json!({"title": "A paid order"})));
        assert!(!names_nothing(&serde_json::json!({"title": "order.paid"})));
    }
}
