//! The audit log with the names of those who acted.
//!
//! Owns: finding what people call an actor. Refuses: words for actors that are gone.

use std::collections::{BTreeMap, BTreeSet};

use super::Views;
use crate::domain::audit::AuditEntry;
use crate::domain::id::{KeyId, UserId};
use crate::domain::page::{Cursor, Limit, Page};
use crate::service::Refusal;
use crate::service::audit_log::entries;
use crate::store::{Read, StoreError, keys, users};

/// A page of the audit log.
#[derive(Clone, Debug)]
pub struct AuditLog {
    /// The entries, newest first.
    pub entries: Page<AuditEntry>,
    /// The addresses of users that still exist, by id.
    pub emails: BTreeMap<String, String>,
    /// The names of keys that still exist, by id.
    pub keys: BTreeMap<String, String>,
}

impl Views<'_> {
    /// A page of the audit log: the whole instance's, or that of the workspace which `workspace`
    /// names by id or name.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where there is no such workspace.
    pub async fn audit_log(
        &self,
        workspace: Option<String>,
        cursor: Option<Cursor>,
        limit: Limit,
    ) -> Result<AuditLog, Refusal> {
        self.service
            .read(move |_, conn| {
                let entries = entries(conn, workspace.as_deref(), cursor, limit)?;
                let actors = entries.items.iter().map(|one| one.actor.as_str()).collect();
                Ok(AuditLog {
                    emails: emails(conn, &actors)?,
                    keys: key_names(conn, &actors)?,
                    entries,
                })
            })
            .await
    }
}

fn emails(
    conn: &Read<'_>,
    actors: &BTreeSet<&str>,
) -> Result<BTreeMap<String, String>, StoreError> {
    let ids: Vec<UserId> = actors.iter().filter_map(|id| UserId::parse(id)).collect();
    let found = users::emails_of(conn, &ids)?.into_iter();
    Ok(found.map(|(id, email)| (id.to_string(), email)).collect())
}

fn key_names(
    conn: &Read<'_>,
    actors: &BTreeSet<&str>,
) -> Result<BTreeMap<String, String>, StoreError> {
    let ids: Vec<KeyId> = actors.iter().filter_map(|id| KeyId::parse(id)).collect();
    let found = keys::names_of(conn, &ids)?.into_iter();
    Ok(found.map(|(id, name)| (id.to_string(), name)).collect())
}
