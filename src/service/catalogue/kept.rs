//! What is kept of catalogues: outlines, and compiled schemas.
//!
//! Owns: both, their bounds, and forgetting what changed. Refuses: reading them (`catalogue`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Catalogue;
use crate::service::schema::Schema;
use crate::store::Committed;

/// Workspaces whose catalogues are kept.
const CATALOGUES_MAX: usize = 1000;
/// What all compiled schemas that are kept may occupy, in bytes: 64 MiB.
const SCHEMAS_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The catalogues that are kept.
#[derive(Clone, Default)]
pub(in crate::service) struct Catalogues(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    by_workspace: BTreeMap<i64, Arc<Catalogue>>,
    schemas: BTreeMap<(i64, String), Arc<Schema>>,
    schemas_bytes: usize,
    // Counts the changes, so that what was read before one is never kept after it.
    changes: u64,
}

impl Catalogues {
    pub(in crate::service) fn on_commit(&self, committed: &Committed) {
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

    pub(super) fn find(&self, workspace_seq: i64) -> (Option<Arc<Catalogue>>, u64) {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (kept.by_workspace.get(&workspace_seq).cloned(), kept.changes)
    }

    pub(super) fn keep(&self, workspace_seq: i64, catalogue: &Arc<Catalogue>, read_at: u64) {
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
    pub(super) fn schema(&self, key: &(i64, String)) -> (Option<Arc<Schema>>, u64) {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (kept.schemas.get(key).cloned(), kept.changes)
    }

    pub(super) fn keep_schema(&self, key: (i64, String), schema: &Arc<Schema>, read_at: u64) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.changes == read_at {
            kept.keep_schema(key, schema);
        }
    }
}
