//! Which workspace a request acts in.
//!
//! Owns: resolving it from the credential and the `Hookpost-Workspace` header, and a bounded cache
//! of workspaces. Refuses: plans' consequences (`service`).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::workspace::Workspace;
use crate::service::Refusal;
use crate::store::workspaces::{self, DEFAULT_NAME};
use crate::store::{Store, StoreError};

/// Workspaces kept in memory at most; then all are forgotten.
const CACHED_WORKSPACES_MAX: usize = 10_000;

/// How a request or credential names a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Seq(i64),
    Text(String),
}

pub(super) struct Workspaces {
    store: Store,
    cache: Arc<RwLock<Cache>>,
}

#[derive(Default)]
struct Cache {
    generation: u64,
    known: HashMap<Key, Arc<Workspace>>,
}

impl Workspaces {
    pub(super) fn new(store: Store) -> Self {
        let cache: Arc<RwLock<Cache>> = Arc::default();
        let heard = Arc::clone(&cache);
        store.on_commit(move |committed| {
            if committed.access_changed {
                let mut cache = heard.write().unwrap_or_else(PoisonError::into_inner);
                cache.generation += 1;
                cache.known.clear();
            }
        });
        Self { store, cache }
    }

    /// The workspace of a request. A credential that is bound to one may name it, but no other.
    pub(super) async fn resolve(
        &self,
        bound: Option<i64>,
        header: Option<&str>,
    ) -> Result<Arc<Workspace>, Refusal> {
        let named = match (bound, header) {
            (Some(seq), None) => self.find(Key::Seq(seq)).await?,
            (_, Some(text)) => self.find(Key::Text(text.trim().to_owned())).await?,
            (None, None) => self.find(Key::Text(DEFAULT_NAME.to_owned())).await?,
        };
        named
            .filter(|workspace| bound.is_none_or(|seq| workspace.id.seq() == seq))
            .ok_or(Refusal::NotFound("workspace"))
    }

    async fn find(&self, key: Key) -> Result<Option<Arc<Workspace>>, StoreError> {
        let generation = {
            let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = cache.known.get(&key) {
                return Ok(Some(Arc::clone(known)));
            }
            cache.generation
        };
        let wanted = key.clone();
        let found = self
            .store
            .read(move |conn| match &wanted {
                Key::Seq(seq) => workspaces::find(conn, *seq),
                Key::Text(text) => workspaces::find_text(conn, text),
            })
            .await?;
        let Some(workspace) = found.map(Arc::new) else {
            return Ok(None);
        };
        let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
        if cache.generation == generation {
            if cache.known.len() >= CACHED_WORKSPACES_MAX {
                cache.known.clear();
            }
            cache.known.insert(key, Arc::clone(&workspace));
        }
        Ok(Some(workspace))
    }
}
