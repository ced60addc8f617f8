//! Profiles as they were parsed, by version.
//!
//! Owns: parsing each version once. Refuses: choosing a version.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use rusqlite::named_params;

use super::{Read, StoreError};
use crate::domain::profile::Profile;

/// Parsed profiles by version. A version never changes, so an entry is never stale; there are as
/// many as versions were ever stored.
#[derive(Clone, Default)]
pub(super) struct ProfileCache(Arc<RwLock<HashMap<i64, Arc<Profile>>>>);

impl ProfileCache {
    pub(super) fn cached(&self, seq: i64) -> Option<Arc<Profile>> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&seq)
            .cloned()
    }

    pub(super) fn load(&self, conn: &Read<'_>, seq: i64) -> Result<Arc<Profile>, StoreError> {
        if let Some(known) = self.cached(seq) {
            return Ok(known);
        }
        let source: String = conn.value(
            "SELECT source FROM profiles WHERE seq = :seq",
            named_params! { ":seq": seq },
        )?;
        let profile = Profile::parse(&source)
            .map_err(|error| StoreError::Damaged(format!("profile version {seq}: {error}")))?;
        let profile = Arc::new(profile);
        let mut cache = self.0.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(cache.entry(seq).or_insert(profile)))
    }
}
