//! API keys: making, listing and revoking them.
//!
//! Owns: the rules of names, scopes and owners. Refuses: checking presented keys (`web::auth`).
//!
//! # Whom a key belongs to
//! A key with the scope `admin` belongs to the instance, every other key to one workspace. There is
//! nothing between: a key that may act in all workspaces may do anything there. A key of a workspace may
//! be bound to one of its consumers: whatever is not that consumer's does not exist for it.

use serde_json::json;

use super::consumers::bound_to;
use super::idempotency::idempotent;
use super::{Caller, Done, FieldError, Idempotency, Refusal, Service, audit_instance, text};
use crate::domain::api_key::{ApiKey, ApiKeyToken, KeysOf, NewKey, Scope, Scopes};
use crate::domain::id::KeyId;
use crate::domain::page::{Cursor, Limit, Page};
use crate::entropy;
use crate::store::keys::{self, KEYS_MAX};
use crate::store::{WriteTx, workspaces};

/// The longest name, in characters.
pub const NAME_CHARS_MAX: usize = 100;
/// The most characters of a caller's word that a refusal repeats.
const SHOWN_CHARS_MAX: usize = 50;
/// The lowest rate limit, in requests per second.
pub const RATE_MIN: f64 = 0.1;
/// The highest rate limit, in requests per second.
pub const RATE_MAX: f64 = 100_000.0;

/// A key as a caller describes it.
#[derive(Clone, Debug, Default)]
pub struct KeyInput {
    /// What people call it.
    pub name: String,
    /// What it may do; absent means everything that a key of one workspace may.
    pub scopes: Option<Vec<String>>,
    /// The workspace it will belong to, by id or name; absent means the caller's.
    pub workspace: Option<String>,
    /// The consumer of that workspace that it is bound to, by id or `uid`.
    pub consumer: Option<String>,
    /// Requests per second; absent means no limit.
    pub rate_limit: Option<f64>,
}

/// A new key, with the token that is shown only now.
#[derive(Debug)]
pub struct CreatedKey {
    /// The key.
    pub key: ApiKey,
    /// What programs present.
    pub token: ApiKeyToken,
}

impl Service {
    /// Makes a key.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] names the fields at fault; [`Refusal::Conflict`] where there are too
    /// many keys.
    pub async fn create_key(
        &self,
        caller: &Caller,
        input: KeyInput,
        key: Idempotency<CreatedKey>,
    ) -> Result<Done<CreatedKey>, Refusal> {
        let scopes = check(&input)?;
        let caller = caller.clone();
        self.store()
            .settle(move |tx| {
                idempotent(tx, &caller, &key, |tx| create(tx, &caller, input, scopes))
            })
            .await
    }

    /// A page of live keys, newest first: all, or those of the workspace that `workspace` names.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where there is no such workspace.
    pub async fn keys(
        &self,
        workspace: Option<String>,
        cursor: Option<Cursor>,
        limit: Limit,
    ) -> Result<Page<ApiKey>, Refusal> {
        self.store()
            .read(move |conn| {
                let of = match workspace {
                    None => KeysOf::Everybody,
                    Some(text) => {
                        let found = workspaces::find_text(conn, &text)?;
                        let found = found.ok_or(Refusal::NotFound("workspace"))?;
                        KeysOf::Workspace(found.id.seq())
                    }
                };
                Ok(keys::list(conn, of, cursor, limit)?)
            })
            .await
    }

    /// A live key.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where there is no such live key.
    pub async fn key(&self, id: KeyId) -> Result<ApiKey, Refusal> {
        self.store()
            .read(move |conn| {
                let found = keys::find(conn, id)?;
                let live = found.filter(|key| key.revoked_at.is_none());
                live.ok_or(Refusal::NotFound("API key"))
            })
            .await
    }

    /// Revokes a key for good: the next request with it is refused.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where there is no such live key.
    pub async fn revoke_key(&self, caller: &Caller, id: KeyId) -> Result<(), Refusal> {
        let caller = caller.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            let found = keys::find(tx, id)?.ok_or(Refusal::NotFound("API key"))?;
            if !keys::revoke(tx, id.seq())? {
                return Err(Refusal::NotFound("API key"));
            }
            let detail = json!({ "name": found.name });
            audit_instance(
                tx,
                &caller.actor,
                "api_key.revoke",
                &id.to_string(),
                &detail,
            )
        };
        self.store().settle(work).await
    }
}

fn check(input: &KeyInput) -> Result<Scopes, Refusal> {
    let mut faults = Vec::new();
    let mut fault = |field: String, message: String| faults.push(FieldError { field, message });
    if let Err(message) = text::check_name(&input.name, NAME_CHARS_MAX) {
        fault("name".to_owned(), message);
    }
    let mut scopes = Vec::new();
    for (index, word) in input.scopes.iter().flatten().enumerate() {
        match Scope::parse(word) {
            Some(scope) => scopes.push(scope),
            None => {
                let known = Scope::ALL.map(Scope::as_str).join(", ");
                let word: String = word.chars().take(SHOWN_CHARS_MAX).collect();
                fault(
                    format!("scopes[{index}]"),
                    format!("{word:?} is not a scope; there are {known}"),
                );
            }
        }
    }
    if input.scopes.as_ref().is_some_and(Vec::is_empty) {
        fault(
            "scopes".to_owned(),
            "must name at least one scope".to_owned(),
        );
    }
    if let Some(rate) = input.rate_limit
        && !(RATE_MIN..=RATE_MAX).contains(&rate)
    {
        fault(
            "rate_limit".to_owned(),
            format!("must lie between {RATE_MIN} and {RATE_MAX} requests per second"),
        );
    }
    let scopes = match input.scopes {
        Some(_) => scopes.into_iter().collect(),
        None if input.consumer.is_some() => Scopes::consumer(),
        None => Scopes::workspace(),
    };
    if scopes.contains(Scope::Admin) && input.consumer.is_some() {
        fault(
            "consumer".to_owned(),
            "must be left out: a key with the scope admin belongs to the instance".to_owned(),
        );
    }
    if scopes.contains(Scope::MetricsRead) && input.consumer.is_some() {
        fault(
            "scopes".to_owned(),
            "must leave metrics:read out: the numbers are those of the whole instance".to_owned(),
        );
    }
    if scopes.contains(Scope::Admin) && input.workspace.is_some() {
        fault(
            "workspace".to_owned(),
            "must be left out: a key with the scope admin belongs to the instance".to_owned(),
        );
    }
    if faults.is_empty() {
        Ok(scopes)
    } else {
        Err(Refusal::Invalid(faults))
    }
}

fn create(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    input: KeyInput,
    scopes: Scopes,
) -> Result<CreatedKey, Refusal> {
    if keys::count(tx)? >= KEYS_MAX {
        return Err(Refusal::Conflict(format!(
            "an instance may have at most {KEYS_MAX} keys; revoke one first"
        )));
    }
    let workspace = match &input.workspace {
        _ if scopes.contains(Scope::Admin) => None,
        None => Some(caller.workspace),
        Some(text) => {
            let found = workspaces::find_text(tx, text)?;
            let unknown = || Refusal::field("workspace", format!("there is no workspace {text}"));
            Some(found.ok_or_else(unknown)?.id)
        }
    };
    let consumer = match (&input.consumer, workspace) {
        (Some(named), Some(workspace)) => Some(bound_to(tx, workspace.seq(), named)?),
        (Some(_), None) | (None, _) => None,
    };
    let new = NewKey {
        workspace,
        consumer,
        name: input.name,
        scopes,
        rate_limit: input.rate_limit,
    };
    let (key, token) = keys::insert(tx, &new, entropy::bytes())?;
    let detail = json!({
        "name": key.name,
        "scopes": key.scopes.to_string(),
        "workspace_id": key.workspace.map(|id| id.to_string()),
        "consumer_id": key.consumer.map(|id| id.to_string()),
    });
    audit_instance(
        tx,
        &caller.actor,
        "api_key.create",
        &key.id.to_string(),
        &detail,
    )?;
    Ok(CreatedKey { key, token })
}
