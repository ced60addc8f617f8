//! Who asks: the workspace they act in and the name the audit log gives them.
//!
//! Owns: the caller's identity as actions see it, and whether a person's second factor is fresh
//! enough for what asks for it. Refuses: authenticating and authorising; the floor above has done
//! both before an action is called.
//!
//! # Why proof travels with the actor
//! Whatever can divert or destroy deliveries asks people for a fresh second factor, whichever door
//! they came through: retry, rotate, test and revoke; the ways around them (deleting, which revokes;
//! replaying and recovering, which send again; API keys, because whoever makes one may do with it what
//! a session without a fresh code may not); registering webhooks, calling deliveries off, discarding,
//! pausing. What always asks says so where it is offered, beside who may use it, and the one gate
//! checks it. What asks in some cases only asks here, with the actor at hand: a webhook that is led
//! elsewhere, alerts that are, history that is kept for another time.

use super::Refusal;
use crate::domain::consumer::Purview;
use crate::domain::feature_flag::FeatureFlags;
use crate::domain::hearer::Hearer;
use crate::domain::id::{ConsumerId, KeyId, UserId, WorkspaceId};
use crate::domain::portal::{Capabilities, Capability};
use crate::domain::time::Timestamp;
use crate::domain::workspace::Plan;

/// How well a person has proved lately who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The person has no second factor, and the instance does not ask for one.
    Unasked,
    /// The second factor was shown, and counts until then.
    Fresh {
        /// When it has to be shown again.
        until: Timestamp,
    },
    /// The second factor has to be shown before anything that asks for it.
    Due,
}

/// A signed-in person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedUser {
    /// Who it is.
    pub id: UserId,
    /// How well that was proved lately.
    pub proof: Proof,
}

/// Somebody who came in through a portal link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortalVisitor {
    /// For whom they act.
    pub consumer: ConsumerId,
    /// What the link permits.
    pub can: Capabilities,
    /// The event types with which flags they are shown.
    pub feature_flags: FeatureFlags,
}

/// Who did it, for the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A program with an API key.
    Key(KeyId),
    /// A person.
    User(SignedUser),
    /// A customer of the platform, in the portal.
    Consumer(PortalVisitor),
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
            Self::Consumer(_) => "consumer",
            Self::Cli => "cli",
            Self::System => "system",
        }
    }

    /// Which one exactly; empty where the kind says all.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Key(id) => id.to_string(),
            Self::User(user) => user.id.to_string(),
            Self::Consumer(visitor) => visitor.consumer.to_string(),
            Self::Cli | Self::System => String::new(),
        }
    }

    /// Lets pass whoever need not show a second factor now: programs, the command line, and people
    /// who have shown it lately or have none.
    ///
    /// # Errors
    /// [`Refusal::MfaRequired`] where a person must show it first.
    pub fn check_proof(&self) -> Result<(), Refusal> {
        match self {
            Self::User(SignedUser {
                proof: Proof::Due, ..
            }) => Err(Refusal::MfaRequired(
                "this asks for your second factor: confirm with a fresh code first",
            )),
            Self::User(_) | Self::Key(_) | Self::Consumer(_) | Self::Cli | Self::System => Ok(()),
        }
    }

    /// Stricter: a person without a second factor does not pass either. For doors whose
    /// documentation promises that nobody does this without one.
    ///
    /// # Errors
    /// [`Refusal::MfaRequired`] where a person must set one up, or show it first.
    pub fn check_shown(&self) -> Result<(), Refusal> {
        match self {
            Self::User(SignedUser {
                proof: Proof::Unasked,
                ..
            }) => Err(Refusal::MfaRequired(
                "this asks for a second factor: set one up and confirm with a fresh code first",
            )),
            Self::User(_) | Self::Key(_) | Self::Consumer(_) | Self::Cli | Self::System => {
                self.check_proof()
            }
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
    /// The consumer that the caller is bound to; `None` speaks for the platform.
    pub consumer: Option<ConsumerId>,
    /// Who did it.
    pub actor: Actor,
}

impl Caller {
    /// Whose things the caller reaches: whatever lies outside does not exist for them.
    #[must_use]
    pub fn purview(&self) -> Purview {
        Purview {
            workspace_seq: self.workspace.seq(),
            consumer_seq: self.consumer.map(|id| id.seq()),
        }
    }

    /// Whether the caller may do this kind of deed: only portal links name the kinds.
    #[must_use]
    pub fn can(&self, one: Capability) -> bool {
        match &self.actor {
            Actor::Consumer(visitor) => visitor.can.contains(one),
            Actor::Key(_) | Actor::User(_) | Actor::Cli | Actor::System => true,
        }
    }

    /// Whether the caller is shown an event type with these flags: the platform is shown all, a customer's
    /// own key what has none.
    #[must_use]
    pub fn is_shown(&self, flags: &FeatureFlags) -> bool {
        match (&self.actor, self.consumer) {
            (Actor::Consumer(visitor), _) => flags.are_shown_to(&visitor.feature_flags),
            (Actor::Key(_), Some(_)) => flags.is_empty(),
            (Actor::Key(_) | Actor::User(_) | Actor::Cli | Actor::System, _) => true,
        }
    }

    /// What the caller is told of failures: whoever is bound to a consumer hears what customers do.
    #[must_use]
    pub fn hearer(&self) -> Hearer {
        match self.consumer {
            None => Hearer::Platform,
            Some(_) => Hearer::Customer,
        }
    }

    /// The same caller, who reaches no more than what is one consumer's. For looking, and for what that
    /// consumer might do itself.
    #[must_use]
    pub fn within(&self, consumer: ConsumerId) -> Self {
        Self {
            consumer: Some(consumer),
            ..self.clone()
        }
    }

    /// Lets pass whoever speaks for the platform.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] for a key that is bound to a consumer.
    pub fn check_platform(&self) -> Result<(), Refusal> {
        match self.consumer {
            None => Ok(()),
            Some(_) => Err(Refusal::for_the_platform()),
        }
    }
}
