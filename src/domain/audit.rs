//! The audit log: who changed what, and when.
//!
//! Owns: its entries. Refuses: changing one once written.

use super::id::{AuditId, WorkspaceId};
use super::time::Timestamp;

/// What kind of actor changed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActorKind {
    /// A program with an API key.
    Key,
    /// A person.
    User,
    /// A customer of the platform, in the portal.
    Consumer,
    /// Somebody with a shell on the machine.
    Cli,
    /// hookpost itself.
    System,
}

impl ActorKind {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::Key,
        Self::User,
        Self::Consumer,
        Self::Cli,
        Self::System,
    ];

    /// The word of the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::User => "user",
            Self::Consumer => "consumer",
            Self::Cli => "cli",
            Self::System => "system",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// An entry about to be written.
#[derive(Clone, Debug)]
pub struct NewAuditEntry<'a> {
    /// The workspace it happened in; `None` for the instance.
    pub workspace_seq: Option<i64>,
    /// The consumer whose visitor or key did it; `None` where the platform did.
    pub consumer_seq: Option<i64>,
    /// What kind of actor did it.
    pub actor_kind: ActorKind,
    /// Who exactly: an id, an address, or empty.
    pub actor: &'a str,
    /// What was done, such as `webhook.revoke`.
    pub action: &'a str,
    /// To what: an id or a name.
    pub target: &'a str,
    /// More about it: a JSON object without secrets.
    pub detail: &'a str,
}

/// An entry as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditId,
    /// The workspace it happened in; `None` for the instance.
    pub workspace: Option<WorkspaceId>,
    /// When it happened.
    pub at: Timestamp,
    /// What kind of actor did it.
    pub actor_kind: ActorKind,
    /// Who exactly: an id, an address, or empty.
    pub actor: String,
    /// What was done, such as `webhook.revoke`.
    pub action: String,
    /// To what: an id or a name.
    pub target: String,
    /// More about it: a JSON object without secrets.
    pub detail: String,
}

/// Which entries a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntriesOf {
    /// Those of every workspace, and of the instance.
    Everybody,
    /// Those of one workspace.
    Workspace(i64),
    /// What one consumer's visitors and keys did.
    Consumer(i64),
}
