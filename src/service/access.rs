//! What the floor above asks before it lets anybody in.
//!
//! Owns: the rows behind credentials, and telling caches when they are out of date. Refuses:
//! comparing tokens and judging scopes (`web::auth`).
//!
//! # When a cache hears of a change
//! On the writer's thread, after the commit and before the one who asked for the change gets an
//! answer: what was revoked is refused by the very next request. Listeners must not block.

use super::{Refusal, Service};
use crate::domain::api_key::ApiKey;
use crate::domain::id::KeyId;
use crate::domain::token::Pepper;
use crate::domain::workspace::Workspace;
use crate::store::keys;
use crate::store::vault::Purpose;
use crate::store::workspaces::{self, DEFAULT_NAME};

/// How a request or credential names a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum WorkspaceRef {
    /// By its row.
    Seq(i64),
    /// By its id or name.
    Text(String),
    /// Not at all.
    Default,
}

impl Service {
    /// Calls `listener` after every commit that changes who may do what.
    pub fn on_access_change(&self, listener: impl Fn() + Send + Sync + 'static) {
        self.store().on_commit(move |committed| {
            if committed.access_changed {
                listener();
            }
        });
    }

    /// Calls `listener` after every commit that pages may show.
    pub fn on_activity(&self, listener: impl Fn() + Send + Sync + 'static) {
        self.store().on_commit(move |committed| {
            if committed.activity {
                listener();
            }
        });
    }

    /// What the tokens of API keys are hashed with.
    #[must_use]
    pub fn key_pepper(&self) -> Pepper {
        self.store().vault().pepper(Purpose::ApiKeys)
    }

    /// The key `id`, revoked or not, unless its workspace was deleted.
    pub async fn find_key(&self, id: KeyId) -> Result<Option<ApiKey>, Refusal> {
        self.read(move |_, conn| Ok(keys::find(conn, id)?)).await
    }

    /// Records that a key is in use. Callers ask at most once a minute and key.
    ///
    /// # Errors
    /// [`Refusal`] where it cannot be recorded; nobody needs to hear of it.
    pub async fn touch_key(&self, id: KeyId) -> Result<(), Refusal> {
        self.store()
            .write(move |tx| Ok(keys::touch(tx, id.seq())?))
            .await
    }

    /// The workspace that `named` means, unless it was deleted.
    pub async fn find_workspace(&self, named: WorkspaceRef) -> Result<Option<Workspace>, Refusal> {
        self.read(move |_, conn| {
            Ok(match &named {
                WorkspaceRef::Seq(seq) => workspaces::find(conn, *seq)?,
                WorkspaceRef::Text(text) => workspaces::find_text(conn, text)?,
                WorkspaceRef::Default => workspaces::find_named(conn, DEFAULT_NAME)?,
            })
        })
        .await
    }
}
