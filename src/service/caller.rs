//! Who asks: the workspace they act in and the name the audit log gives them.
//!
//! Owns: the caller's identity as actions see it. Refuses: authenticating and authorising; the
//! floor above has done both before an action is called.

use crate::domain::id::{KeyId, UserId, WorkspaceId};
use crate::domain::workspace::Plan;

/// Who did it, for the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A program with an API key.
    Key(KeyId),
    /// A person.
    User(UserId),
    /// Somebody at the machine's own command line.
    Cli,
    /// hookpost itself.
    System,
}

impl Actor {
    /// The kind of actor, as the audit log shows it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Key(_) => "key",
            Self::User(_) => "user",
            Self::Cli => "cli",
            Self::System => "system",
        }
    }

    /// Which one exactly; empty where the kind says all.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Key(id) => id.to_string(),
            Self::User(id) => id.to_string(),
            Self::Cli | Self::System => String::new(),
        }
    }
}

/// The authenticated, authorised caller of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The workspace that the action takes place in.
    pub workspace: WorkspaceId,
    /// The workspace's plan.
    pub plan: Plan,
    /// Who did it.
    pub actor: Actor,
}
