//! What a workspace's catalogue says of event types: which are known, and what their data must be.
//!
//! Owns: the compiled catalogue of each workspace, kept until it changes; judging types, patterns
//! and data. Refuses: storing event types (`store::event_types`).
//!
//! # Why it is never stale
//! The cache hears of every commit before the caller whose change it was gets an answer: an event
//! type created by one request is known to the next.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::schema::Schema;
use super::{FieldError, Refusal, Service};
use crate::domain::event_type::{EventTypeName, Pattern, Subscription, near_matches};
use crate::store::{Committed, StoreError, event_types, workspaces};

/// Workspaces whose catalogues are kept compiled.
const CATALOGUES_MAX: usize = 1000;

/// A workspace's catalogue, compiled.
pub struct Catalogue {
    strict: bool,
    types: BTreeMap<String, KnownType>,
}

struct KnownType {
    archived: bool,
    schema: Option<Schema>,
}

impl Catalogue {
    /// Checks an event's type and data.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] names an unknown type with near matches, or the paths of the data that
    /// do not fit its schema.
    pub fn check_event(&self, name: &EventTypeName, data: &str) -> Result<(), Vec<FieldError>> {
        match self.types.get(name.as_str()) {
            None if self.strict => Err(vec![self.unknown("type", name.as_str())]),
            Some(known) if known.archived && self.strict => Err(vec![FieldError {
                field: "type".to_owned(),
                message: format!("{name} is archived; nothing can be published under it"),
            }]),
            Some(KnownType {
                schema: Some(schema),
                ..
            }) => check_data(schema, data),
            None | Some(_) => Ok(()),
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

/// The compiled catalogues.
#[derive(Clone, Default)]
pub(super) struct Catalogues(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    by_workspace: BTreeMap<i64, Arc<Catalogue>>,
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

impl Service {
    /// The compiled catalogue of a workspace.
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
                Ok::<_, StoreError>((strict, event_types::catalogue(conn, workspace_seq)?))
            })
            .await?;
        let types = types.into_iter().map(|stored| {
            let schema = stored.settings.schema.as_deref();
            let schema = schema.and_then(|text| serde_json::from_str(text).ok());
            let known = KnownType {
                archived: stored.settings.archived,
                schema: schema.and_then(|schema| Schema::compile(&schema).ok()),
            };
            (stored.name.as_str().to_owned(), known)
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
