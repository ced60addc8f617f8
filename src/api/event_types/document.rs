//! Documents into the catalogue, and the catalogue as a document.
//!
//! Owns: the paths' queries and the shape of what was changed. Refuses: rules (`service::event_types`).

use actix_web::HttpRequest;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::words::ImportChangeWord;
use crate::service::Caller;
use crate::service::event_types::{
    CatalogueRun, ChangeKind, DocumentForm, ImportChange, UnnamedTypes,
};
use crate::web::extract::{AnyForm, Query, RequestBody};
use crate::web::{Answered, AppState, State, answer};

/// The most bytes of a document: 8 MiB.
const DOCUMENT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// An OpenAPI document, or a JSON Schema.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub struct CatalogueDocument(pub Value);

impl RequestBody for CatalogueDocument {
    fn bytes_max(_: &AppState) -> usize {
        DOCUMENT_BYTES_MAX
    }
}

/// What an import did, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportedBody {
    /// Whether this is only told: nothing was changed.
    pub dry_run: bool,
    /// Each event type that the document is about, by name.
    pub changes: Vec<ImportChangeBody>,
}

/// What an import does to one event type.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportChangeBody {
    /// Its name.
    pub name: String,
    /// `create`, `update`, `archive`, or `nothing` where it is so already.
    #[schema(value_type = ImportChangeWord)]
    pub change: &'static str,
    /// Which members become others: `description`, `group`, `schema`, `example`, `archived`,
    /// `versions`.
    pub fields: Vec<&'static str>,
}

pub(super) async fn import_openapi(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: AnyForm<CatalogueDocument>,
) -> Answered {
    let mut query = Query::of(&request);
    let unnamed = match is_on(&mut query, "archive_missing") {
        true => UnnamedTypes::Archived,
        false => UnnamedTypes::Kept,
    };
    let run = run_of(&mut query);
    query.finish()?;
    import(
        state,
        caller,
        body.0.value.0,
        DocumentForm::OpenApi,
        unnamed,
        run,
    )
    .await
}

pub(super) async fn import_schema(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: AnyForm<CatalogueDocument>,
) -> Answered {
    let mut query = Query::of(&request);
    let form = DocumentForm::Schema(query.text("name"));
    let run = run_of(&mut query);
    query.finish()?;
    import(state, caller, body.0.value.0, form, UnnamedTypes::Kept, run).await
}

pub(super) async fn export_openapi(state: State, caller: Caller) -> Answered {
    answer::ok(&state.service.export_event_types(&caller).await?)
}

async fn import(
    state: State,
    caller: Caller,
    document: Value,
    form: DocumentForm,
    unnamed: UnnamedTypes,
    run: CatalogueRun,
) -> Answered {
    let done = state
        .service
        .import_event_types(&caller, document, form, unnamed, run);
    answer::ok(&ImportedBody {
        dry_run: run == CatalogueRun::Dry,
        changes: done.await?.iter().map(change).collect(),
    })
}

fn change(done: &ImportChange) -> ImportChangeBody {
    let ImportChange {
        name,
        kind,
        members,
        ..
    } = done;
    ImportChangeBody {
        name: name.to_string(),
        change: ChangeKind::as_str(*kind),
        fields: members.clone(),
    }
}

fn run_of(query: &mut Query) -> CatalogueRun {
    match is_on(query, "dry_run") {
        true => CatalogueRun::Dry,
        false => CatalogueRun::Real,
    }
}

/// A switch of the query; off if absent.
fn is_on(query: &mut Query, name: &str) -> bool {
    let given = query.parsed(name, |text| match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("must be true or false"),
    });
    given.unwrap_or_default()
}
