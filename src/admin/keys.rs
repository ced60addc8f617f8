//! API keys at the command line.

use serde::{Deserialize, Serialize};

use super::{AdminAnswer, Sensitive};
use crate::domain::api_key::{ApiKey, Scope};
use crate::domain::id::KeyId;
use crate::domain::page::Limit;
use crate::domain::time::Timestamp;
use crate::service::keys::KeyInput;
use crate::service::{Done, Idempotency, Refusal, Service};

/// A key as lists show it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeyRow {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The id of its workspace; absent for a key of the instance.
    pub workspace_id: Option<String>,
    /// The id of the consumer it is bound to.
    #[serde(default)]
    pub consumer_id: Option<String>,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: String,
    /// When it was last used, to the minute.
    pub last_used_at: Option<String>,
}

impl From<&ApiKey> for KeyRow {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            workspace_id: key.workspace.map(|id| id.to_string()),
            consumer_id: key.consumer.map(|id| id.to_string()),
            scopes: key.scopes.iter().map(|scope| scope.to_string()).collect(),
            created_at: key.created_at.rfc3339(),
            last_used_at: key.last_used_at.map(Timestamp::rfc3339),
        }
    }
}

/// With neither a workspace, a consumer nor scopes, the key is one of the instance.
pub(super) async fn create(
    service: &Service,
    name: String,
    workspace: Option<String>,
    consumer: Option<String>,
    scopes: Vec<String>,
) -> Result<AdminAnswer, Refusal> {
    let scopes = match (scopes.is_empty(), workspace.is_some() || consumer.is_some()) {
        (true, true) => None,
        (true, false) => Some(vec![Scope::Admin.to_string()]),
        (false, _) => Some(scopes),
    };
    let input = KeyInput {
        name,
        scopes,
        workspace,
        consumer,
        rate_limit: None,
    };
    let caller = super::operator(service).await?;
    let made = service.create_key(&caller, input, Idempotency::unkeyed());
    match made.await? {
        Done::Fresh(made) => Ok(AdminAnswer::Key {
            token: Sensitive::new(made.token.expose().to_owned()),
        }),
        Done::Replayed(_) => Err(Refusal::Internal("nothing was keyed".to_owned())),
    }
}

pub(super) async fn list(
    service: &Service,
    workspace: Option<String>,
) -> Result<AdminAnswer, Refusal> {
    let mut keys = Vec::new();
    let mut cursor = None;
    loop {
        let page = service.keys(workspace.clone(), cursor, Limit::clamped(u32::MAX));
        let page = page.await?;
        keys.extend(page.items.iter().map(KeyRow::from));
        cursor = page.next;
        if cursor.is_none() {
            return Ok(AdminAnswer::Keys { keys });
        }
    }
}

pub(super) async fn revoke(service: &Service, id: &str) -> Result<AdminAnswer, Refusal> {
    let id = KeyId::parse(id).ok_or(Refusal::NotFound("key"))?;
    let caller = super::operator(service).await?;
    service.revoke_key(&caller, id).await?;
    Ok(AdminAnswer::Done)
}
