//! What a workspace's catalogue says of event types: which are known, and what their data must be.
//!
//! Owns: an outline of each workspace's catalogue and the schemas that were used lately, both kept
//! until they change; judging types, patterns and data. Refuses: storing event types
//! (`store::event_types`).
//!
//! # Why it is never stale
//! The cache hears of every commit before the caller whose change it was gets an answer: an event
//! type created by one request is known to the next.
//!
//! # Why schemas are kept apart
//! A catalogue may hold a thousand schemas, and a compiled one may occupy megabytes. What is kept has
//! a bound in bytes over all workspaces, and only what somebody publishes under is compiled at all.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::payload_work::SMALL_DATA_BYTES;
use super::schema::Schema;
use super::{FieldError, Refusal, Service};
use crate::domain::event_type::{EventTypeName, Pattern, Subscription, near_matches};
use crate::store::{Committed, StoreError, event_types, workspaces};

/// Workspaces whose catalogues are kept.
const CATALOGUES_MAX: usize = 1000;
/// What all compiled schemas that are kept may occupy, in bytes: 64 MiB.
const SCHEMAS_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A workspace's catalogue in outline.
pub struct Catalogue {
    strict: bool,
    types: BTreeMap<String, KnownType>,
}

struct KnownType {
    archived: bool,
    has_schema: bool,
}

/// Whether an event's data has to be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CheckedData {
    /// It fits whatever it is.
    Whole,
    /// Its type has a schema.
    ButForItsData,
}

impl Catalogue {
    /// Checks an event's type.
    ///
    /// # Errors
    /// An unknown type, with near matches, or one that is out of use.
    pub(super) fn check_type(&self, name: &EventTypeName) -> Result<CheckedData, FieldError> {
        match self.types.get(name.as_str()) {
            None if self.strict => Err(self.unknown("type", name.as_str())),
            Some(known) if known.archived && self.strict => Err(FieldError {
                field: "type".to_owned(),
                message: format!("{name} is archived; nothing can be published under it"),
            }),
            Some(KnownType {
                has_schema: true, ..
            }) => Ok(CheckedData::ButForItsData),
            None | Some(_) => Ok(CheckedData::Whole),
        }
    }

    /// Checks the patterns that a webhook wants to subscribe to.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] names a pattern that no known type could match, where the workspace is
    /// strict.
    pub fn check_subscription(&self, subscription: &Subscription) -> Result<(), Refusal> {
        if !self.strict {
            return Ok(());
        }
        let unknown = |(index, pattern): (usize, &Pattern)| {
            let known = self
                .types
                .keys()
                .any(|name| EventTypeName::parse(name).is_ok_and(|name| pattern.matches(&name)));
            let text = pattern.to_string();
            let any = text == "*";
            (!known && !any).then(|| self.unknown(&format!("event_types[{index}]"), &text))
        };
        let errors: Vec<FieldError> = subscription
            .patterns()
            .iter()
            .enumerate()
            .filter_map(unknown)
            .collect();
        if errors.is_empty() {
            Ok(())
        } else {
            Err(Refusal::Invalid(errors))
        }
    }

    fn unknown(&self, field: &str, name: &str) -> FieldError {
        let live = self.types.iter().filter(|(_, known)| !known.archived);
        let near = near_matches(name, live.map(|(name, _)| name.as_str()));
        let hint = if near.is_empty() {
            "this workspace accepts only the types in its catalogue".to_owned()
        } else {
            format!("did you mean {}?", near.join(", "))
        };
        FieldError {
            field: field.to_owned(),
            message: format!("{name} is not a known event type; {hint}"),
        }
    }
}

fn check_data(schema: &Schema, data: &str) -> Result<(), Vec<FieldError>> {
    // What was accepted as JSON before can be read as JSON now.
    let Ok(value) = serde_json::from_str(data) else {
        return Ok(());
    };
    let faults = schema.faults(&value);
    if faults.is_empty() {
        return Ok(());
    }
    let named = faults.into_iter().map(|fault| FieldError {
        field: field_at(&fault.path),
        message: fault.message,
    });
    Err(named.collect())
}

/// A JSON pointer (RFC 6901) into the data as a path such as `data.items[2].name`.
fn field_at(pointer: &str) -> String {
    let mut field = "data".to_owned();
    for step in pointer.split('/').skip(1) {
        if !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit()) {
            field.extend(["[", step, "]"]);
        } else {
            field.extend([".", &step.replace("~1", "/").replace("~0", "~")]);
        }
    }
    field
}

/// The catalogues that are kept.
#[derive(Clone, Default)]
pub(super) struct Catalogues(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    by_workspace: BTreeMap<i64, Arc<Catalogue>>,
    schemas: BTreeMap<(i64, String), Arc<Schema>>,
    schemas_bytes: usize,
    // Counts the changes, so that what was read before one is never kept after it.
    changes: u64,
}

impl Catalogues {
    pub(super) fn hear(&self, committed: &Committed) {
        if committed.catalogues_changed.is_empty() && !committed.access_changed {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.changes += 1;
        for workspace_seq in &committed.catalogues_changed {
            kept.by_workspace.remove(workspace_seq);
            kept.forget_schemas_of(*workspace_seq);
        }
        // A workspace may have become strict or loose.
        if committed.access_changed {
            kept.by_workspace.clear();
        }
    }

    fn find(&self, workspace_seq: i64) -> (Option<Arc<Catalogue>>, u64) {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (kept.by_workspace.get(&workspace_seq).cloned(), kept.changes)
    }

    fn keep(&self, workspace_seq: i64, catalogue: &Arc<Catalogue>, read_at: u64) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.changes != read_at {
            return;
        }
        if kept.by_workspace.len() >= CATALOGUES_MAX {
            kept.by_workspace.pop_first();
        }
        kept.by_workspace
            .insert(workspace_seq, Arc::clone(catalogue));
    }
}

impl Kept {
    fn forget_schemas_of(&mut self, workspace_seq: i64) {
        let first = (workspace_seq, String::new());
        let behind = (workspace_seq + 1, String::new());
        let own: Vec<_> = self
            .schemas
            .range(first..behind)
            .map(|(key, _)| key.clone())
            .collect();
        for key in own {
            self.forget_schema(&key);
        }
    }

    fn forget_schema(&mut self, key: &(i64, String)) {
        if let Some(schema) = self.schemas.remove(key) {
            self.schemas_bytes -= schema.bytes();
        }
    }

    /// Keeps a schema; others leave where there is no room. One that is too large for the room is
    /// compiled each time.
    fn keep_schema(&mut self, key: (i64, String), schema: &Arc<Schema>) {
        if schema.bytes() > SCHEMAS_BYTES_MAX || self.schemas.contains_key(&key) {
            return;
        }
        while self.schemas_bytes + schema.bytes() > SCHEMAS_BYTES_MAX
            && let Some(first) = self.schemas.keys().next().cloned()
        {
            self.forget_schema(&first);
        }
        self.schemas_bytes += schema.bytes();
        self.schemas.insert(key, Arc::clone(schema));
    }
}

impl Catalogues {
    fn schema(&self, key: &(i64, String)) -> (Option<Arc<Schema>>, u64) {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (kept.schemas.get(key).cloned(), kept.changes)
    }

    fn keep_schema(&self, key: (i64, String), schema: &Arc<Schema>, read_at: u64) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.changes == read_at {
            kept.keep_schema(key, schema);
        }
    }
}

impl Service {
    /// Checks the data of an event whose type has a schema. Answers the data again.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with the paths that do not fit; [`Refusal::Overloaded`] where too much of
    /// the workspace's data waits to be checked.
    pub(super) async fn check_data(
        &self,
        workspace_seq: i64,
        name: &EventTypeName,
        data: String,
    ) -> Result<String, Refusal> {
        let Some(schema) = self.schema(workspace_seq, name).await? else {
            return Ok(data);
        };
        let (faults, data) = if data.len() <= SMALL_DATA_BYTES {
            (check_data(&schema, &data), data)
        } else {
            let piece = move || (check_data(&schema, &data), data);
            self.work_on_payload(workspace_seq, piece).await?
        };
        faults.map_err(Refusal::Invalid).map(|()| data)
    }

    /// The compiled schema of an event type, if it has one.
    async fn schema(
        &self,
        workspace_seq: i64,
        name: &EventTypeName,
    ) -> Result<Option<Arc<Schema>>, Refusal> {
        let key = (workspace_seq, name.as_str().to_owned());
        let (known, read_at) = self.shared.catalogues.schema(&key);
        if known.is_some() {
            return Ok(known);
        }
        let name = name.clone();
        let stored = self
            .store()
            .read(move |conn| event_types::find(conn, workspace_seq, &name).map_err(Refusal::from))
            .await?;
        let Some(text) = stored.and_then(|stored| stored.settings.schema) else {
            return Ok(None);
        };
        let compiled = self
            .work_on_payload(workspace_seq, move || {
                let schema = serde_json::from_str(&text).ok();
                schema.and_then(|schema| Schema::compile(&schema).ok())
            })
            .await?;
        let compiled = compiled.map(Arc::new);
        if let Some(schema) = &compiled {
            self.shared.catalogues.keep_schema(key, schema, read_at);
        }
        Ok(compiled)
    }

    /// The catalogue of a workspace in outline.
    ///
    /// # Errors
    /// [`Refusal::Internal`] where the database cannot be read.
    pub async fn catalogue(&self, workspace_seq: i64) -> Result<Arc<Catalogue>, Refusal> {
        let (known, read_at) = self.shared.catalogues.find(workspace_seq);
        if let Some(known) = known {
            return Ok(known);
        }
        let (strict, types) = self
            .store()
            .read(move |conn| {
                let workspace = workspaces::find(conn, workspace_seq)?;
                let strict = workspace.is_some_and(|workspace| workspace.strict_event_types);
                Ok::<_, StoreError>((strict, event_types::outline(conn, workspace_seq)?))
            })
            .await?;
        let types = types.into_iter().map(|outlined| {
            let known = KnownType {
                archived: outlined.archived,
                has_schema: outlined.has_schema,
            };
            (outlined.name.as_str().to_owned(), known)
        });
        let catalogue = Arc::new(Catalogue {
            strict,
            types: types.collect(),
        });
        self.shared
            .catalogues
            .keep(workspace_seq, &catalogue, read_at);
        Ok(catalogue)
    }
}
