//! The audit log with the names of those who acted, and of what they acted on.
//!
//! Owns: finding what people call either. Refuses: words for what is gone.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::Views;
use crate::domain::audit::{ActorKind, AuditEntry};
use crate::domain::consumer::ConsumerRef;
use crate::domain::id::{ConsumerId, JobId, KeyId, UserId, WebhookId, WorkspaceId};
use crate::domain::job::JobKind;
use crate::domain::page::{Cursor, Limit, Page};
use crate::domain::webhook::WebhookName;
use crate::service::Refusal;
use crate::service::audit_log::{EntriesAsked, entries};
use crate::store::{Read, StoreError, consumers, jobs, keys, users, webhooks, workspaces};

/// A page of the audit log.
#[derive(Clone, Debug, Default)]
pub struct AuditLog {
    /// The entries, newest first.
    pub entries: Page<AuditEntry>,
    /// What those are called that they name.
    pub names: AuditNames,
}

/// What people call those who acted, and what they acted on.
#[derive(Clone, Debug, Default)]
pub struct AuditNames {
    /// The addresses of users that still exist, by id.
    pub emails: BTreeMap<String, String>,
    /// The names of keys that still exist, by id.
    pub keys: BTreeMap<String, String>,
    /// What webhooks are called of which there still is a row.
    pub webhooks: Vec<WebhookName>,
    /// What workspaces and consumers that still exist are called, by id.
    pub owners: BTreeMap<String, String>,
    /// What jobs do that are still remembered, by id.
    pub jobs: BTreeMap<String, JobKind>,
}

impl AuditNames {
    /// What the one is called who made an entry; `None` where it is gone or has no name.
    #[must_use]
    pub fn actor(&self, entry: &AuditEntry) -> Option<String> {
        let names = match entry.actor_kind {
            ActorKind::User => &self.emails,
            ActorKind::Key => &self.keys,
            ActorKind::Consumer => &self.owners,
            ActorKind::Cli | ActorKind::System => return None,
        };
        names.get(&entry.actor).cloned()
    }
}

impl Views<'_> {
    /// A page of the audit log.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where there is no such workspace or consumer.
    pub async fn audit_log(
        &self,
        asked: EntriesAsked,
        cursor: Option<Cursor>,
        limit: Limit,
    ) -> Result<AuditLog, Refusal> {
        self.service
            .read(move |_, conn| {
                let entries = entries(conn, &asked, cursor, limit)?;
                let named: BTreeSet<String> = entries.items.iter().flat_map(named_in).collect();
                let named = named.iter().map(String::as_str).collect();
                let names = AuditNames {
                    emails: emails(conn, &named)?,
                    keys: key_names(conn, &named)?,
                    webhooks: webhook_names(conn, &named)?,
                    owners: owners(conn, &entries.items)?,
                    jobs: job_kinds(conn, &named)?,
                };
                Ok(AuditLog { entries, names })
            })
            .await
    }
}

/// The texts of an entry that may be ids: who, to what, and what its detail names.
fn named_in(entry: &AuditEntry) -> Vec<String> {
    let mut named = vec![entry.actor.clone(), entry.target.clone()];
    let detail = serde_json::from_str::<Map<String, Value>>(&entry.detail).unwrap_or_default();
    let texts = detail.values().filter_map(Value::as_str);
    named.extend(texts.map(str::to_owned));
    named
}

fn emails(conn: &Read<'_>, named: &BTreeSet<&str>) -> Result<BTreeMap<String, String>, StoreError> {
    let ids: Vec<UserId> = named.iter().filter_map(|id| UserId::parse(id)).collect();
    let found = users::emails_of(conn, &ids)?.into_iter();
    Ok(found.map(|(id, email)| (id.to_string(), email)).collect())
}

fn key_names(
    conn: &Read<'_>,
    named: &BTreeSet<&str>,
) -> Result<BTreeMap<String, String>, StoreError> {
    let ids: Vec<KeyId> = named.iter().filter_map(|id| KeyId::parse(id)).collect();
    let found = keys::names_of(conn, &ids)?.into_iter();
    Ok(found.map(|(id, name)| (id.to_string(), name)).collect())
}

fn webhook_names(conn: &Read<'_>, named: &BTreeSet<&str>) -> Result<Vec<WebhookName>, StoreError> {
    let ids = named.iter().filter_map(|id| WebhookId::parse(id));
    let seqs: Vec<i64> = ids.map(|id| id.seq()).collect();
    webhooks::names_of(conn, &seqs)
}

/// The names of workspaces and consumers, one read each: a page has no more than a few.
fn owners(conn: &Read<'_>, entries: &[AuditEntry]) -> Result<BTreeMap<String, String>, StoreError> {
    let mut found = BTreeMap::new();
    for entry in entries {
        let named = named_in(entry);
        let workspace = named.iter().find_map(|id| WorkspaceId::parse(id));
        let workspace = entry.workspace.or(workspace);
        for id in named {
            if found.contains_key(&id) {
                continue;
            }
            if let Some(name) = owner_name(conn, workspace, &id)? {
                found.insert(id, name);
            }
        }
    }
    Ok(found)
}

fn owner_name(
    conn: &Read<'_>,
    workspace: Option<WorkspaceId>,
    text: &str,
) -> Result<Option<String>, StoreError> {
    if let Some(id) = WorkspaceId::parse(text) {
        let found = workspaces::find(conn, id.seq())?;
        return Ok(found.filter(|own| own.id == id).map(|own| own.name));
    }
    let Some((id, workspace)) = ConsumerId::parse(text).zip(workspace) else {
        return Ok(None);
    };
    let found = consumers::find(conn, workspace.seq(), &ConsumerRef::Id(id))?;
    Ok(found.and_then(|own| {
        let uid = own.uid.as_ref().map(|uid| uid.as_str().to_owned());
        Some(own.settings.name)
            .filter(|name| !name.is_empty())
            .or(uid)
    }))
}

fn job_kinds(
    conn: &Read<'_>,
    named: &BTreeSet<&str>,
) -> Result<BTreeMap<String, JobKind>, StoreError> {
    let mut found = BTreeMap::new();
    for id in named.iter().filter_map(|id| JobId::parse(id)) {
        if let Some(job) = jobs::find(conn, id.seq())?.filter(|job| job.id == id) {
            found.insert(id.to_string(), job.kind);
        }
    }
    Ok(found)
}
