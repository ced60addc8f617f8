//! API keys in memory.
//!
//! Owns: comparing a presented key with what is stored, a bounded cache of key rows, and telling
//! the database now and then that a key is in use. Refuses: scopes and workspaces.
//!
//! # Why a cache may answer for the database
//! Every commit that changes access empties it, on the writer's thread, before the one who asked
//! for the change gets an answer: a revoked key is refused by the very next request. A row that was
//! read before such a commit and arrives after it is not kept: its generation has passed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::api_key::{ApiKey, ApiKeyToken};
use crate::domain::time::Timestamp;
use crate::domain::token::Pepper;
use crate::service::{Refusal, Service};

/// Key rows kept in memory at most; then all are forgotten.
const CACHED_KEYS_MAX: usize = 10_000;
/// How far a key's last use may lag behind, in milliseconds.
const TOUCH_EVERY_MS: i64 = 60_000;

/// One sentence for every way in which a key can be wrong: nobody learns which keys exist.
pub(super) const INVALID: Refusal = Refusal::Unauthorized(
    "this API key is not valid: it is mistyped, was revoked or never existed",
);

pub(super) struct Keys {
    service: Service,
    pepper: Pepper,
    cache: Arc<RwLock<KeyCache>>,
}

#[derive(Default)]
struct KeyCache {
    /// Counts the commits that changed access.
    generation: u64,
    known: HashMap<i64, Arc<KnownKey>>,
}

/// A key's row, and when its use was last recorded.
struct KnownKey {
    key: Arc<ApiKey>,
    touched_ms: AtomicI64,
}

impl Keys {
    pub(super) fn new(service: Service) -> Self {
        let cache: Arc<RwLock<KeyCache>> = Arc::default();
        let heard = Arc::clone(&cache);
        service.on_access_change(move || {
            let mut cache = heard.write().unwrap_or_else(PoisonError::into_inner);
            cache.generation += 1;
            cache.known.clear();
        });
        Self {
            pepper: service.key_pepper(),
            service,
            cache,
        }
    }

    /// The live key that `token` is.
    pub(super) async fn authenticate(&self, token: &ApiKeyToken) -> Result<Arc<ApiKey>, Refusal> {
        let known = match self.cached(token) {
            Some(known) => known,
            None => self.load(token).await?.ok_or(INVALID)?,
        };
        let genuine = known.key.id == token.id() && known.key.hash == token.hash(&self.pepper);
        if !genuine || known.key.revoked_at.is_some() {
            return Err(INVALID);
        }
        self.touch(&known);
        Ok(Arc::clone(&known.key))
    }

    fn cached(&self, token: &ApiKeyToken) -> Option<Arc<KnownKey>> {
        let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
        cache.known.get(&token.id().seq()).cloned()
    }

    async fn load(&self, token: &ApiKeyToken) -> Result<Option<Arc<KnownKey>>, Refusal> {
        let id = token.id();
        let generation = {
            let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
            cache.generation
        };
        let Some(key) = self.service.find_key(id).await? else {
            return Ok(None);
        };
        let touched_ms = key.last_used_at.map_or(0, Timestamp::millis);
        let known = Arc::new(KnownKey {
            key: Arc::new(key),
            touched_ms: AtomicI64::new(touched_ms),
        });
        let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
        if cache.generation == generation {
            if cache.known.len() >= CACHED_KEYS_MAX {
                cache.known.clear();
            }
            cache.known.insert(id.seq(), Arc::clone(&known));
        }
        Ok(Some(known))
    }

    /// Records the use of a key, at most once a minute, without letting the request wait for it.
    fn touch(&self, known: &KnownKey) {
        let now_ms = self.service.clock().now().millis();
        let before = known.touched_ms.load(Ordering::Relaxed);
        if now_ms - before < TOUCH_EVERY_MS {
            return;
        }
        let won =
            known
                .touched_ms
                .compare_exchange(before, now_ms, Ordering::Relaxed, Ordering::Relaxed);
        if won.is_err() {
            return;
        }
        let (service, id) = (self.service.clone(), known.key.id);
        tokio::spawn(async move {
            if let Err(error) = service.touch_key(id).await {
                tracing::debug!(%error, "the use of a key was not recorded");
            }
        });
    }
}
