//! The audit log: every action of a person or key that changes something leaves a line.
//!
//! Owns: writing the line in the transaction of the change, and listing lines. Refuses: payloads
//! and secrets in a line's detail; it names what changed, not what it says.

use serde_json::Value;

use super::{Actor, Caller, Refusal, Service};
use crate::domain::audit::{ActorKind, AuditEntry, EntriesOf, NewAuditEntry};
use crate::domain::page::{Cursor, Limit, Page};
use crate::store::audit as audit_log;
use crate::store::workspaces;
use crate::store::{Read, WriteTx};

/// Writes an action in the caller's workspace into the audit log, in the transaction of the action
/// itself: `action` such as `webhook.revoke`, `target` an id or a name, `detail` an object.
///
/// # Errors
/// [`Refusal::Internal`] where the entry cannot be written.
pub(crate) fn audit(
    tx: &WriteTx<'_>,
    caller: &Caller,
    action: &str,
    target: &str,
    detail: &Value,
) -> Result<(), Refusal> {
    let place = Some(caller.workspace.seq());
    write(tx, &caller.actor, place, action, target, detail)
}

/// As [`audit`], for what belongs to no workspace: people, sessions, the instance itself.
///
/// # Errors
/// As [`audit`].
pub(crate) fn audit_instance(
    tx: &WriteTx<'_>,
    actor: &Actor,
    action: &str,
    target: &str,
    detail: &Value,
) -> Result<(), Refusal> {
    write(tx, actor, None, action, target, detail)
}

fn write(
    tx: &WriteTx<'_>,
    actor: &Actor,
    workspace_seq: Option<i64>,
    action: &str,
    target: &str,
    detail: &Value,
) -> Result<(), Refusal> {
    let entry = NewAuditEntry {
        workspace_seq,
        actor_kind: kind(actor),
        actor: &actor.name(),
        action,
        target,
        detail: &detail.to_string(),
    };
    audit_log::append(tx, &entry)?;
    Ok(())
}

fn kind(actor: &Actor) -> ActorKind {
    match actor {
        Actor::Key(_) => ActorKind::Key,
        Actor::User(_) => ActorKind::User,
        Actor::Consumer(_) => ActorKind::Consumer,
        Actor::Cli => ActorKind::Cli,
        Actor::System => ActorKind::System,
    }
}

impl Service {
    /// A page of the audit log, newest first: the whole instance's, or that of the workspace which
    /// `workspace` names by id or name.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where there is no such workspace.
    pub async fn audit_log(
        &self,
        workspace: Option<String>,
        cursor: Option<Cursor>,
        limit: Limit,
    ) -> Result<Page<AuditEntry>, Refusal> {
        self.read(move |_, conn| entries(conn, workspace.as_deref(), cursor, limit))
            .await
    }
}

/// A page of the audit log, newest first: the whole instance's, or that of the workspace which
/// `workspace` names by id or name.
pub(super) fn entries(
    conn: &Read<'_>,
    workspace: Option<&str>,
    cursor: Option<Cursor>,
    limit: Limit,
) -> Result<Page<AuditEntry>, Refusal> {
    let of = match workspace {
        None => EntriesOf::Everybody,
        Some(text) => {
            let found = workspaces::find_text(conn, text)?;
            let found = found.ok_or(Refusal::NotFound("workspace"))?;
            EntriesOf::Workspace(found.id.seq())
        }
    };
    Ok(audit_log::list(conn, of, cursor, limit)?)
}
