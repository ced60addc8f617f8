//! What the frame around every page reads, and what forms offer.
//!
//! Owns: the workspaces to switch to, the one that a person looks at, the event types that forms
//! know. Refuses: the pages themselves.

use super::Views;
use crate::domain::catalogue::EventType;
use crate::domain::event_type::EventTypeName;
use crate::domain::page::Limit;
use crate::domain::workspace::Workspace;
use crate::service::{Caller, Refusal};
use crate::store::event_types;
use crate::store::webhooks;
use crate::store::workspaces::{self, DEFAULT_NAME};

impl Views<'_> {
    /// The names of the newest workspaces.
    pub async fn workspace_names(&self, limit: Limit) -> Result<Vec<String>, Refusal> {
        self.service
            .read(move |_, conn| {
                let found = workspaces::list(conn, None, limit)?;
                Ok(found.items.into_iter().map(|one| one.name).collect())
            })
            .await
    }

    /// The workspace in row `seq`; the default one where that was deleted.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where there is neither.
    pub async fn workspace_or_default(&self, seq: i64) -> Result<Workspace, Refusal> {
        self.service
            .read(move |_, conn| {
                let found = match workspaces::find(conn, seq)? {
                    Some(workspace) => Some(workspace),
                    None => workspaces::find_named(conn, DEFAULT_NAME)?,
                };
                found.ok_or(Refusal::NotFound("workspace"))
            })
            .await
    }

    /// How many webhooks name the event type `name` itself.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where that is no name.
    pub async fn webhooks_naming(&self, caller: &Caller, name: &str) -> Result<u64, Refusal> {
        let name = EventTypeName::parse(name).map_err(|_| Refusal::NotFound("event type"))?;
        let workspace_seq = caller.workspace.seq();
        self.service
            .read(move |_, conn| Ok(webhooks::count_naming(conn, workspace_seq, &name)?))
            .await
    }

    /// The event types that are in use and shown to the caller, in the order of their names.
    pub async fn event_types_in_use(&self, caller: &Caller) -> Result<Vec<EventType>, Refusal> {
        let caller = caller.clone();
        self.service
            .read(move |_, conn| {
                let mut found = event_types::catalogue(conn, caller.workspace.seq())?;
                let is_shown = |one: &EventType| caller.is_shown(&one.settings.feature_flags);
                found.retain(|one| !one.settings.archived && is_shown(one));
                Ok(found)
            })
            .await
    }
}
