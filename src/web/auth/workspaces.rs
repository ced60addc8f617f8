//! Which workspace a request acts in.
//!
//! Owns: resolving it from the credential and the `Hookpost-Workspace` header, and a bounded cache
//! of workspaces. Refuses: plans' consequences (`service`).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::workspace::Workspace;
use crate::service::access::WorkspaceRef;
use crate::service::{Refusal, Service};

/// Workspaces kept in memory at most; then all are forgotten.
const CACHED_WORKSPACES_MAX: usize = 10_000;

pub(super) struct Workspaces {
    service: Service,
    cache: Arc<RwLock<WorkspaceCache>>,
}

#[derive(Default)]
struct WorkspaceCache {
    generation: u64,
    known: HashMap<WorkspaceRef, Arc<Workspace>>,
}

impl Workspaces {
    pub(super) fn new(service: Service) -> Self {
        let cache: Arc<RwLock<WorkspaceCache>> = Arc::default();
        let heard = Arc::clone(&cache);
        service.on_access_change(move || {
            let mut cache = heard.write().unwrap_or_else(PoisonError::into_inner);
            cache.generation += 1;
            cache.known.clear();
        });
        Self { service, cache }
    }

    /// The workspace of a request. A credential that is bound to one may name it, but no other.
    pub(super) async fn resolve(
        &self,
        bound: Option<i64>,
        header: Option<&str>,
    ) -> Result<Arc<Workspace>, Refusal> {
        let named = match (bound, header) {
            (Some(seq), None) => self.find(WorkspaceRef::Seq(seq)).await?,
            (_, Some(text)) => {
                self.find(WorkspaceRef::Text(text.trim().to_owned()))
                    .await?
            }
            (None, None) => self.find(WorkspaceRef::Default).await?,
        };
        named
            .filter(|workspace| bound.is_none_or(|seq| workspace.id.seq() == seq))
            .ok_or(Refusal::NotFound("workspace"))
    }

    async fn find(&self, key: WorkspaceRef) -> Result<Option<Arc<Workspace>>, Refusal> {
        let generation = {
            let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = cache.known.get(&key) {
                return Ok(Some(Arc::clone(known)));
            }
            cache.generation
        };
        let found = self.service.find_workspace(key.clone()).await?;
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
