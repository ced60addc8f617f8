//! Somebody who signed in: who it is, how far they have come, what they may do.
//!
//! Owns: what a session means for its person. Refuses: reading sessions (`sessions`).

use super::MfaDemand;
use crate::domain::api_key::{Scope, Scopes};
use crate::domain::id::{SessionId, UserId};
use crate::domain::role::Role;
use crate::domain::time::Timestamp;
use crate::domain::user::SecondFactor;
use crate::service::{Actor, Proof, SignedUser};

/// How far a person has come on the way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The password was right; the second factor is still to be shown.
    SecondFactor,
    /// Everybody here needs a second factor, and this person has none yet.
    Enrolment,
    /// In.
    Inside,
}

/// Somebody who signed in.
#[derive(Clone, Debug)]
pub struct Person {
    /// The session at hand.
    pub session: SessionId,
    /// Who it is.
    pub user: UserId,
    /// The address that the person signs in with.
    pub email: String,
    /// What the person may do.
    pub role: Role,
    /// The workspace that the person is looking at.
    pub workspace_seq: i64,
    /// How far the person has come.
    pub stage: Stage,
    /// How fresh the second factor is.
    pub proof: Proof,
    /// The person's second factor.
    pub second_factor: SecondFactor,
    /// Whether the instance asks everybody for a second factor.
    pub mfa: MfaDemand,
    /// Recovery codes that are left.
    pub recovery_codes_left: usize,
}

impl Person {
    /// The person as the audit log knows it.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::User(SignedUser {
            id: self.user,
            proof: self.proof,
        })
    }

    /// What the person may do over the API.
    #[must_use]
    pub fn scopes(&self) -> Scopes {
        let looks = [
            Scope::EventsRead,
            Scope::WebhooksRead,
            Scope::DeliveriesRead,
            Scope::ConsumersRead,
        ];
        match self.role {
            Role::Viewer => looks.into_iter().collect(),
            Role::Operator => Scopes::workspace(),
            Role::Owner => Scopes::admin(),
        }
    }

    /// Until when the second factor that was shown counts as fresh.
    #[must_use]
    pub fn mfa_verified_until(&self) -> Option<Timestamp> {
        match self.proof {
            Proof::Fresh { until } => Some(until),
            Proof::Unasked | Proof::Due => None,
        }
    }

    /// Whether the person's second factor is in force.
    #[must_use]
    pub fn has_second_factor(&self) -> bool {
        self.second_factor.is_on()
    }
}
