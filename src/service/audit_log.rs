//! The audit log: every action of a person or key that changes something leaves a line.
//!
//! Owns: writing the line in the transaction of the change, and listing lines. Refuses: payloads
//! and secrets in a line's detail; it names what changed, not what it says.

use serde_json::Value;

use super::{Actor, Caller, Refusal};
use crate::domain::audit::{ActorKind, AuditEntry, EntriesOf, NewAuditEntry};
use crate::domain::consumer::{ConsumerRef, Purview};
use crate::domain::page::{Cursor, Limit, Page};
use crate::store::audit as audit_log;
use crate::store::{Read, WriteTx};
use crate::store::{consumers, workspaces};

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
    let purview = caller.purview();
    write(tx, &caller.actor, Some(purview), action, target, detail)
}

/// As [`audit`], for what belongs to no workspace: people, sessions, the instance itself.
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
    purview: Option<Purview>,
    action: &str,
    target: &str,
    detail: &Value,
) -> Result<(), Refusal> {
    let entry = NewAuditEntry {
        workspace_seq: purview.map(|own| own.workspace_seq),
        consumer_seq: purview.and_then(|own| own.consumer_seq),
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

/// Whose entries somebody asks for.
#[derive(Clone, Debug)]
pub enum EntriesAsked {
    /// The whole instance's.
    Everybody,
    /// Those of the workspace with this id or name.
    Workspace(String),
    /// What the visitors and keys of one consumer did.
    Consumer {
        /// Whose consumers whoever asks reaches.
        purview: Purview,
        /// The consumer's id or uid.
        named: String,
    },
}

/// A page of the entries that are asked for, newest first.
pub(super) fn entries(
    conn: &Read<'_>,
    asked: &EntriesAsked,
    cursor: Option<Cursor>,
    limit: Limit,
) -> Result<Page<AuditEntry>, Refusal> {
    let of = match asked {
        EntriesAsked::Everybody => EntriesOf::Everybody,
        EntriesAsked::Workspace(text) => {
            let found = workspaces::find_text(conn, text)?;
            let found = found.ok_or(Refusal::NotFound("workspace"))?;
            EntriesOf::Workspace(found.id.seq())
        }
        EntriesAsked::Consumer { purview, named } => {
            let missing = Refusal::NotFound("consumer");
            let named = ConsumerRef::parse(named).ok_or(missing.clone())?;
            let found = consumers::find_id(conn, purview.workspace_seq, &named)?;
            let found = found.filter(|id| purview.holds(purview.workspace_seq, Some(id.seq())));
            EntriesOf::Consumer(found.ok_or(missing)?.seq())
        }
    };
    Ok(audit_log::list(conn, of, cursor, limit)?)
}
