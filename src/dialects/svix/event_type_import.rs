//! Event types out of an OpenAPI document.
//!
//! Owns: the shapes. Refuses: rules (`service::event_types`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::event_type::VERSION;
use crate::domain::yaml;
use crate::service::Caller;
use crate::service::event_types::{
    CatalogueRun, ChangeKind, DocumentForm, ImportChange, UnnamedTypes,
};
use crate::web::extract::{Json, RequestBody};
use crate::web::{Answered, AppState, Problem, State, answer};

/// The most bytes of a request: 8 MiB.
const SPEC_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A document, parsed or as text, and what is to be done with it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SvixImportIn {
    #[serde(default)]
    spec: Option<Value>,
    #[serde(default)]
    spec_raw: Option<String>,
    #[serde(default)]
    dry_run: Option<bool>,
    #[serde(default)]
    replace_all: Option<bool>,
}

impl RequestBody for SvixImportIn {
    fn bytes_max(_: &AppState) -> usize {
        SPEC_BYTES_MAX
    }
}

/// What was done, or would be.
#[derive(Debug, Serialize)]
pub struct SvixImportOut {
    data: SvixImportData,
}

/// The event types that were changed; of a dry run what they would be.
#[derive(Debug, Serialize)]
pub struct SvixImportData {
    modified: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_modify: Option<Vec<SvixDescribedType>>,
}

/// An event type as a document describes it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SvixDescribedType {
    name: String,
    description: String,
    deprecated: bool,
    schemas: Option<BTreeMap<String, Box<RawValue>>>,
    group_name: Option<String>,
    feature_flags: Option<Vec<String>>,
}

pub(super) async fn import(state: State, caller: Caller, body: Json<SvixImportIn>) -> Answered {
    let said = body.value;
    let document = match (said.spec, said.spec_raw) {
        (Some(spec), None) => spec,
        (None, Some(text)) => {
            let workspace_seq = caller.workspace.seq();
            let read = state
                .service
                .work_on_payload(workspace_seq, move || read(&text));
            let unreadable = |error| Problem::field("specRaw", format!("can't be read: {error}"));
            read.await?.map_err(unreadable)?
        }
        (Some(_), Some(_)) | (None, None) => {
            return Err(Problem::malformed(
                "one of spec and specRaw is needed".to_owned(),
            ));
        }
    };
    let run = match said.dry_run {
        Some(true) => CatalogueRun::Dry,
        Some(false) | None => CatalogueRun::Real,
    };
    let unnamed = match said.replace_all {
        Some(true) => UnnamedTypes::Archived,
        Some(false) | None => UnnamedTypes::Kept,
    };
    let done = state
        .service
        .import_event_types(&caller, document, DocumentForm::OpenApi, unnamed, run)
        .await?;
    let changed = || done.iter().filter(|own| own.kind != ChangeKind::Nothing);
    let data = match run {
        CatalogueRun::Real => SvixImportData {
            modified: changed().map(|own| own.name.to_string()).collect(),
            to_modify: None,
        },
        CatalogueRun::Dry => SvixImportData {
            modified: Vec::new(),
            to_modify: Some(changed().map(described).collect()),
        },
    };
    answer::ok(&SvixImportOut { data })
}

/// Reads a document in JSON, or else in YAML.
fn read(text: &str) -> Result<Value, String> {
    match text.trim_start().starts_with('{') {
        true => serde_json::from_str(text).map_err(|error| error.to_string()),
        false => yaml::json_of(text),
    }
}

fn described(change: &ImportChange) -> SvixDescribedType {
    let settings = &change.settings;
    let raw = |text: &String| RawValue::from_string(text.clone()).ok();
    let own = settings.schema.as_ref().and_then(raw);
    let own = own.map(|schema| (VERSION.to_owned(), schema));
    let versions = change.version_schemas();
    let versions = versions.filter_map(|(name, text)| Some((name.to_string(), raw(text)?)));
    let mut schemas: BTreeMap<_, _> = versions.collect();
    if schemas.is_empty() {
        schemas.extend(own);
    }
    SvixDescribedType {
        name: change.name.to_string(),
        description: settings.description.clone().unwrap_or_default(),
        deprecated: change.is_deprecated,
        schemas: (!schemas.is_empty()).then_some(schemas),
        group_name: settings.group.clone(),
        feature_flags: Some(settings.feature_flags.names())
            .filter(|names| !names.is_empty())
            .map(<[String]>::to_vec),
    }
}
